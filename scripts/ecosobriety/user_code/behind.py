"""The user's own files behind a model: their digests, and that they are still those of the run.

A run takes the digests once, when it begins, and a training that it starts hours later is known by
them. What was edited in the meantime must not be trained under that name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecosobriety.errors import ConfigError, shorten
from ecosobriety.user_code.commands import watched_digest
from ecosobriety.user_code.fingerprint import class_fingerprint


def digests(
    class_path: str | None, classes: Sequence[str], watch: Sequence[str] | None, folder: Path
) -> dict[str, Any]:
    """What the files behind a network are known by.

    Args:
        class_path: its class; None: it comes along.
        classes: class paths of its optimiser and its scheduler, where they are named.
        watch: files and folders that it reads besides; None: none are named.
        folder: the working directory.

    Returns:
        `source`, the fingerprint of the class, or None; `classes`, those of the others, and
        `watched`, the digest of the files, where there are any.

    Raises:
        ConfigError: a watched file cannot be read; the end of a sentence.
    """
    return {
        "source": None if class_path is None else class_fingerprint(class_path, folder),
        **({"classes": [class_fingerprint(path, folder) for path in classes]} if classes else {}),
        **({} if watch is None else {"watched": watched_digest(watch, folder)}),
    }


@dataclass(frozen=True)
class Behind:
    """The files behind a model, and what they were when the run began.

    Attributes:
        model: its name.
        deciding: what decides it, as `study_config.model_parameters` took it then.
        files: `classes` and `watch`, as `study_config.model_files` has them.
        folder: the working directory.

    Raises:
        ConfigError: code or a watched file is not what it was.
    """

    model: str
    deciding: Mapping[str, Any]
    files: Mapping[str, Any]
    folder: Path

    def __post_init__(self) -> None:
        if self._is_other(self._code()):
            raise self._refusal("its code", "")
        if refused := self.changed():
            raise refused

    def changed(self) -> ConfigError | None:
        """What speaks against a training that has ended: it may have read its files at any time.

        A class's code is read when the first training begins: a later change of it does no harm.
        """
        try:
            now = self._watched()
        except ConfigError as error:
            return ConfigError(f"models: {shorten(self.model)}: watch {error}")
        if self._is_other(now):
            return self._refusal("what its watch holds", "; does the training write there?")
        return None

    def _is_other(self, now: Mapping[str, Any]) -> bool:
        return any(self.deciding[key] != value for key, value in now.items())

    def _refusal(self, what: str, ending: str) -> ConfigError:
        return ConfigError(
            f"models: {shorten(self.model)}: {what} has changed since this run began: run the same "
            f"command again, which trains what changed{ending}"
        )

    def _code(self) -> Mapping[str, Any]:
        if "command" in self.deciding:
            return {}
        own = None if self.deciding["source"] is None else self.deciding["class_path"]
        return digests(own, self.files["classes"], None, self.folder)

    def _watched(self) -> Mapping[str, Any]:
        watch = self.files["watch"]
        if "command" in self.deciding:
            return {"source": watched_digest(watch or (), self.folder)}
        return {} if watch is None else {"watched": watched_digest(watch, self.folder)}
