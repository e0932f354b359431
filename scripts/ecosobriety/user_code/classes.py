"""A user's own classes, named by `class_path` and built with `init_args`, as Lightning's CLI does.

A class is looked for in the working directory first, then among the installed packages. It is
imported only where it is used: in the jobs that prepare the data and train, and in the check of a
configuration, which runs as a process of its own (`python -m ecosobriety.user_code.classes`).
"""

import argparse
import importlib
import inspect
import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ecosobriety.errors import ConfigError, one_line
from ecosobriety.user_code.apart import run_apart
from ecosobriety.user_code.bodies import mentioned, named_in_body, takes_any
from ecosobriety.user_code.callables import hints, is_meant_itself
from ecosobriety.user_code.defaults import kept_defaults
from ecosobriety.user_code.lightnings import lightning_of, trainers_version
from ecosobriety.user_code.words import cut, cut_list, described

Kind = Literal["network", "data", "optimizer", "lr_scheduler"]

_BASES: Mapping[Kind, str] = {
    "network": "torch.nn.Module",
    "data": "LightningDataModule of pytorch_lightning or lightning.pytorch",
    "optimizer": "torch.optim.Optimizer",
    "lr_scheduler": "torch.optim.lr_scheduler.LRScheduler",
}
# Placeholders for what only the data show, where arguments are checked and nothing is built.
_ANY_GIVEN: Mapping[str, Any] = {"input_shape": (1,), "num_classes": 2}


_MAY_BE_TEXT = re.compile(r"\bstr\b")


@dataclass(frozen=True)
class ClassSpec:
    """A class as a configuration names it.

    Attributes:
        kind: `network`: a `torch.nn.Module`, which may be a whole `LightningModule`; `data`: a
            `LightningDataModule`. Either is of `pytorch_lightning` or of `lightning.pytorch`.
            `optimizer` and `lr_scheduler` are PyTorch's.
        class_path: the module and the class, with dots.
        init_args: the class's own arguments.
        of_our_loop: keys of the model's `training` that only the study's own loop reads.
    """

    kind: Kind
    class_path: str
    init_args: Mapping[str, Any]
    of_our_loop: Sequence[str] = ()


def build(spec: ClassSpec, given: Mapping[str, Any]) -> Any:
    """Import a class and make an instance of it: `maker`, called once."""
    return maker(spec, given)()


def maker(spec: ClassSpec, given: Mapping[str, Any]) -> Callable[[], Any]:
    """Import a class and read its arguments.

    Args:
        spec: the class.
        given: arguments that the study knows, by name; the class gets those that its `__init__`
            names, itself or through `**kwargs`.

    Returns:
        What makes an instance. It raises a ConfigError if the class fails, as this does.

    Raises:
        ConfigError: the class cannot be imported, is none of its kind, or refuses its arguments.
    """
    found = load(spec)
    signature = _Signature.of(found, spec, given)
    # The user's own check of the shape; jsonargparse knows no way to make a torch.Size.
    sizes = {name for name in signature.known if "Size" in signature.annotation(name)}
    read = {name: value for name, value in given.items() if name in signature.known - sizes}
    parser, arguments = _parse(found, spec, signature, read)

    def make() -> Any:
        with kept_defaults(spec.class_path):
            try:
                # A copy, as an instance may change its arguments.
                made = parser.instantiate(deepcopy(arguments)).get("init_args")
                # Defaults are the class's own: jsonargparse writes functions among them as text.
                written = {**read, **spec.init_args}
                taken = vars(made or argparse.Namespace())
                own = {name: value for name, value in taken.items() if name in written}
                callables = {name: meant() for name, meant in signature.callables(spec).items()}
                own |= {name: _size(given[name]) for name in sizes} | callables
                instance = found(**own, **deepcopy(signature.unread))
            # Whatever the user's code raises is reported with its class's name.
            except (Exception, SystemExit) as error:
                raise _refusal(spec, f"cannot be built: {described(error)}") from error
        if spec.kind == "network" and hasattr(instance, "training_step"):
            _require_a_trainer(type(instance), spec)
        return instance

    return make


def check(spec: ClassSpec) -> None:
    """Import a class and check its kind and its arguments; a network and data are not built.

    Raises:
        ConfigError: as `build`.
    """
    if spec.kind in ("optimizer", "lr_scheduler"):
        # Imported here, as it is made of this module.
        from ecosobriety.user_code import optimisers

        optimisers.check(spec)
        return
    found = load(spec)
    _parse(found, spec, _Signature.of(found, spec, _ANY_GIVEN), {})


def check_apart(specs: Sequence[ClassSpec]) -> list[str | None]:
    """Check classes in a process of its own, which their code can neither change nor end.

    Returns:
        For each class what is wrong with it, in one sentence, or None.
    """
    if not specs:
        return []
    text = json.dumps([asdict(spec) for spec in specs])
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "faults.json"
        # The user's modules are found as in the jobs.
        done = run_apart("user_code.classes", text, str(answer))
        try:
            answers: list[str | None] = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            names = ", ".join(spec.class_path for spec in specs)
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            reason = f"importing {names} ended the process ({done.returncode}): {cut(last)}"
            return [one_line(reason), *[None] * (len(specs) - 1)]
    return answers


def load(spec: ClassSpec) -> type:
    """Import a class.

    Raises:
        ConfigError: it cannot be imported, or is none of its kind.
    """
    # The user's modules come first, whatever this software's scripts are called.
    folder, ours = str(Path.cwd()), str(Path(__file__).parents[2])
    if ours in sys.path[:-1]:
        sys.path[:] = [*(place for place in sys.path if place != ours), ours]
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name, _, name = spec.class_path.rpartition(".")
    with kept_defaults(spec.class_path):
        try:
            module = importlib.import_module(module_name)
        # SystemExit too: a script that was meant to be run may end itself.
        except (Exception, SystemExit) as error:
            ends = isinstance(error, SystemExit)
            hint = ': does it read a command line? That belongs under __name__ == "__main__"'
            said = f"cannot be imported: {described(error)}{hint * ends}"
            raise _refusal(spec, said) from error
    found = getattr(module, name, None)
    if found is None:
        raise _refusal(spec, f"does not exist: the module {module_name} has no {name}")
    if not (inspect.isclass(found) and _is_of(spec.kind, found)):
        raise _refusal(spec, f"is no {_BASES[spec.kind]}")
    if spec.kind == "network" and hasattr(found, "training_step"):
        _require_a_trainer(found, spec)
        if spec.of_our_loop:
            raise _refusal(
                spec,
                f"trains itself, by its own configure_optimizers: its training."
                f"{spec.of_our_loop[0]} would have no effect, leave it out",
            )
    return found


def _is_of(kind: Kind, found: type) -> bool:
    if kind == "data":
        return lightning_of(found, "LightningDataModule") is not None
    # Imported here: a study that brings no class of its own need not wait for it.
    from torch.nn import Module
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    bases = {"network": Module, "optimizer": Optimizer, "lr_scheduler": LRScheduler}
    return issubclass(found, bases[kind])


def _require_a_trainer(kind: type, spec: ClassSpec) -> None:
    """Refuse what has a training of its own that no Trainer would run, or would run otherwise."""
    package = lightning_of(kind)
    if package is None:
        raise _refusal(
            spec,
            "has a training_step but is no LightningModule of pytorch_lightning or of "
            "lightning.pytorch, so that it would never run: derive it from that, or leave "
            "training_step out for the study's own training",
        )
    wanted = trainers_version()
    if package.__version__ != wanted:
        raise _refusal(
            spec,
            f"is of {package.__name__} {package.__version__}, but the study's Trainers are of "
            f"{wanted}: install lightning=={wanted}",
        )
    if getattr(kind, "train_dataloader", None) is not package.LightningModule.train_dataloader:
        raise _refusal(
            spec,
            "defines train_dataloader, but a study feeds its own data to every network: leave it "
            "out, and name the data in `dataset`",
        )


@dataclass(frozen=True)
class _Signature:
    """The arguments of a class, seen through `**kwargs`.

    Attributes:
        names: all that it takes.
        known: those of them that the study gives.
        unread: arguments of the user's that only the body of `__init__` names, as `kwargs["x"]`.
        annotations: types by name, where they are written.
        defaults: values by name, where there are any.
    """

    names: tuple[str, ...]
    known: frozenset[str]
    unread: Mapping[str, Any]
    annotations: Mapping[str, Any]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, found: type, spec: ClassSpec, given: Mapping[str, Any]) -> "_Signature":
        """Read the arguments of a class."""
        from jsonargparse import ArgumentParser

        try:
            written = inspect.signature(found).parameters
            parser = ArgumentParser(exit_on_error=False)
            # It follows `**kwargs` to where they go.
            parser.add_class_arguments(found, "init_args", fail_untyped=False)
        # jsonargparse reads the class's code too, and may stumble over what the user wrote there.
        except Exception as error:
            raise _refusal(
                spec, f"has arguments that cannot be read: {described(error)}"
            ) from error
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        plain = {name: p for name, p in written.items() if p.kind not in variable}
        dests = (action.dest.partition("init_args.")[2] for action in parser._actions)
        names = dict.fromkeys([*plain, *(name for name in dests if name and "." not in name)])
        inner = named_in_body(found) - names.keys() if len(plain) < len(written) else set()
        if takes_any(found):
            inner |= (spec.init_args.keys() | mentioned(given, found)) - names.keys()
        own = sorted(given.keys() & {*names, *inner} & spec.init_args.keys())
        if own:
            raise _refusal(spec, f"is given {own[0]} by the study: leave it out of init_args")
        unread = {
            name: value for name, value in {**given, **spec.init_args}.items() if name in inner
        }
        return cls(
            (*names, *sorted(inner)),
            frozenset(given.keys() & names.keys()),
            unread,
            {name: p.annotation for name, p in plain.items()} | hints(found),
            {name: p.default for name, p in plain.items()},
        )

    def annotation(self, name: str) -> str:
        """The type of an argument as it is written."""
        return str(self.annotations.get(name, ""))

    def callables(self, spec: ClassSpec) -> dict[str, Callable[[], Any]]:
        """How to get what is written as the path of a function or class, for something to call.

        A function is meant as it is; of a class an instance, unless the default is a class too, the
        type says that calling it gives such an instance, or none can be made without arguments.
        """
        found: dict[str, Callable[[], Any]] = {}
        for name, value in spec.init_args.items():
            kind = self.annotation(name)
            if not isinstance(value, str) or "Callable" not in kind or _MAY_BE_TEXT.search(kind):
                continue
            with suppress(Exception):
                module, _, attribute = value.rpartition(".")
                named = getattr(importlib.import_module(module), attribute)
                factory = isinstance(self.defaults[name], type) or is_meant_itself(
                    named, self.annotations[name]
                )
                found[name] = partial(_itself, named) if factory else named
        return found


def _itself(value: Any) -> Any:
    return value


def _size(shape: Any) -> Any:
    """A shape as PyTorch's own type, which is a tuple too."""
    import torch

    return torch.Size(shape)


def _parse(
    found: type, spec: ClassSpec, signature: _Signature, read: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Jsonargparse's parser of a class's arguments, and those arguments, checked.

    Args:
        found: the class.
        spec: how the configuration names it.
        signature: its arguments.
        read: of what the study gives, that which the class's own types are to judge.
    """
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    apart = {*signature.unread, *signature.callables(spec)}
    own = {name: v for name, v in spec.init_args.items() if name not in apart}
    try:
        skip = set(signature.known - read.keys()) | signature.callables(spec).keys()
        parser.add_class_arguments(
            found, "init_args", fail_untyped=False, instantiate=False, skip=skip
        )
        # A copy, as the parser changes the lists that it is given.
        parsed = parser.parse_object({"init_args": {**read, **deepcopy(own)}})
    # jsonargparse reads the class's code too, and may stumble over what the user wrote there.
    except Exception as error:
        raise _wrong_arguments(spec, signature, described(error)) from error
    # It does not miss those without a type.
    given = signature.known | spec.init_args.keys()
    for name, default in signature.defaults.items():
        if default is inspect.Parameter.empty and name not in given:
            raise _wrong_arguments(spec, signature, f"{name} is missing")
    for name, written in own.items():
        if not _is_kept(written, taken := parsed.init_args.get(name)):
            raise _refusal(
                spec,
                f"would get {cut(repr(taken))} for its argument {name}, where {cut(repr(written))} "
                "is written: write the value without quotes, or give the argument a type, such as "
                "str",
            )
    return parser, parsed


def _wrong_arguments(spec: ClassSpec, signature: _Signature, what: str) -> ConfigError:
    names = (name for name in signature.names if name not in signature.known)
    takes = ", ".join(names) or "nothing"
    return _refusal(spec, f"refuses its init_args: {what}; it takes {cut_list(takes)}")


def _is_kept(written: Any, taken: Any) -> bool:
    """Whether a value is still what was written: the parser reads text a second time, as YAML.

    What the argument's type makes of a text, such as a path, is what the class asks for.
    """
    if isinstance(written, str):
        return not (taken is None or isinstance(taken, bool | int | float | list | tuple | dict))
    if isinstance(written, int) and isinstance(taken, float):
        return int(taken) == written if math.isfinite(taken) else False
    if isinstance(written, list) and isinstance(taken, list | tuple):
        return len(written) == len(taken) and all(map(_is_kept, written, taken))
    if isinstance(written, dict) and isinstance(taken, dict):
        return all(_is_kept(value, taken.get(key)) for key, value in written.items())
    return True


def _refusal(spec: ClassSpec, reason: str) -> ConfigError:
    return ConfigError(one_line(f"{spec.class_path} {reason}"))


def _main() -> None:
    faults: list[str | None] = []
    for part in json.loads(sys.argv[1]):
        try:
            check(ClassSpec(**part))
            faults.append(None)
        except ConfigError as error:
            faults.append(str(error))
    Path(sys.argv[2]).write_text(json.dumps(faults))


if __name__ == "__main__":
    _main()
