"""A user's own classes, named by `class_path` and built with `init_args`, as Lightning's CLI does.

A class is looked for in the working directory first, then among the installed packages. It is
imported only where it is used: in the jobs that prepare the data and train, and in the check of a
configuration, which runs as a process of its own (`python -m ecosobriety.classes`).
"""

import argparse
import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ecosobriety.errors import ConfigError, one_line

Kind = Literal["network", "data"]

_BASES: Mapping[Kind, tuple[str, str]] = {
    "network": ("torch.nn", "Module"),
    "data": ("pytorch_lightning", "LightningDataModule"),
}
# Stand in for what only the data tell, where arguments are checked and nothing is built.
_ANY_GIVEN: Mapping[str, Any] = {"input_shape": (1,), "num_classes": 2}


@dataclass(frozen=True)
class ClassSpec:
    """A class as a configuration names it.

    Attributes:
        kind: `network`: a `torch.nn.Module`; `data`: a `LightningDataModule`.
        class_path: the module and the class, with dots.
        init_args: the class's own arguments.
    """

    kind: Kind
    class_path: str
    init_args: Mapping[str, Any]


def build(spec: ClassSpec, given: Mapping[str, Any]) -> Any:
    """Import a class and make an instance of it.

    Args:
        spec: the class.
        given: arguments that the study knows, by name; the class gets those that its `__init__`
            names.

    Raises:
        ConfigError: the class cannot be imported, is none of its kind, or refuses its arguments.
    """
    found = _load(spec)
    parser, arguments = _parse(found, spec, given)
    try:
        return parser.instantiate(arguments).init_args
    # Whatever the user's code raises is told with its name.
    except Exception as error:
        raise _refusal(spec, f"cannot be built: {_told(error)}") from error


def check(spec: ClassSpec) -> None:
    """Import a class and check its kind and its arguments; nothing is built.

    Raises:
        ConfigError: as `build`.
    """
    _parse(_load(spec), spec, _ANY_GIVEN)


def check_apart(specs: Sequence[ClassSpec]) -> list[str | None]:
    """Check classes in a process of its own, which their code can neither change nor end.

    Returns:
        For each class what is wrong with it, in one sentence, or None.
    """
    if not specs:
        return []
    text = json.dumps([asdict(spec) for spec in specs])
    # This package is found as here, and the user's as in the jobs.
    package = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "ecosobriety.classes", text]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    try:
        # What the user's code prints comes before.
        answers: list[str | None] = json.loads(done.stdout.splitlines()[-1])["faults"]
    except (IndexError, KeyError, TypeError, ValueError):
        names = ", ".join(spec.class_path for spec in specs)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return [one_line(f"importing {names} ended the process ({done.returncode}): {last}")]
    return answers


def _load(spec: ClassSpec) -> type:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name, _, name = spec.class_path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    # SystemExit too: a script that was meant to be run may end itself.
    except (Exception, SystemExit) as error:
        raise _refusal(spec, f"cannot be imported: {_told(error)}") from error
    found = getattr(module, name, None)
    base_module, base_name = _BASES[spec.kind]
    base = getattr(importlib.import_module(base_module), base_name)
    if found is None:
        raise _refusal(spec, f"does not exist: the module {module_name} has no {name}")
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise _refusal(spec, f"is no {base_module}.{base_name}")
    return found


def _parse(found: type, spec: ClassSpec, given: Mapping[str, Any]) -> tuple[Any, Any]:
    """Jsonargparse's parser of a class's arguments, and those arguments, checked."""
    from jsonargparse import ArgumentParser

    names = inspect.signature(found).parameters
    known = {name: value for name, value in given.items() if name in names}
    own = sorted(known.keys() & spec.init_args.keys())
    if own:
        raise _refusal(spec, f"is given {own[0]} by the study: leave it out of init_args")
    parser = ArgumentParser(exit_on_error=False)
    try:
        parser.add_class_arguments(found, "init_args", fail_untyped=False)
        arguments = {"init_args": {**known, **spec.init_args}}
        return parser, parser.parse_object(arguments)
    # jsonargparse reads the class's code too, and may stumble over what the user wrote there.
    except Exception as error:
        takes = ", ".join(name for name in names if name not in known) or "nothing"
        raise _refusal(spec, f"refuses its init_args: {_told(error)}; it takes {takes}") from error


def _refusal(spec: ClassSpec, reason: str) -> ConfigError:
    return ConfigError(one_line(f"{spec.class_path} {reason}"))


def _told(error: BaseException) -> str:
    name = "" if isinstance(error, argparse.ArgumentError) else f"{type(error).__name__}: "
    return f"{name}{' '.join(str(error).split())}"


def _main() -> None:
    faults: list[str | None] = []
    for part in json.loads(sys.argv[1]):
        try:
            check(ClassSpec(**part))
            faults.append(None)
        except ConfigError as error:
            faults.append(str(error))
    print(f"\n{json.dumps({'faults': faults})}", flush=True)


if __name__ == "__main__":
    _main()
