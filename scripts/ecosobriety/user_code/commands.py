"""A user's own command: what stands in it for the study's values, and what decides its result."""

import hashlib
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ecosobriety.errors import ConfigError, quote, shorten
from ecosobriety.user_code.fingerprint import modules_behind
from ecosobriety.user_code.reading import is_of_folder

PLACEHOLDERS: Mapping[str, str] = {
    "subset": "file of the rows to train on (NumPy's .npy)",
    "data": "file of the prepared data set (NumPy's .npz)",
    "n_train": "number of training examples",
    "seed": "random seed",
    "epochs": "number of epochs",
    "threads": "processors that it may use",
    "checkpoint": "folder in which it keeps what it goes on with after an interruption",
    "result": "file that it writes its scores to (JSON)",
}
"""What a command may hold in braces, and what each stands for."""
SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
"""Shells that read words in quotes as POSIX has it."""

# Doubled braces are the user's own, and `${NAME}` is the shell's.
_BRACES = re.compile(r"\{\{|\$\{[^{}]*\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{|\}")
_INTERPRETER = re.compile(r"python[0-9.]*|torchrun|bash|sh|Rscript|julia|node|perl|ruby")
_SCRIPT = re.compile(r"[A-Za-z0-9_./-]*[A-Za-z0-9_]\.[A-Za-z]{1,3}")
_SCRIPTS = frozenset({".py", ".sh", ".R", ".r", ".jl", ".js", ".pl", ".rb"})
# A table or weights may be what it writes, and so may JSON.
_SETTINGS = frozenset({".yaml", ".yml", ".toml", ".ini", ".cfg"})
_PROGRAM = re.compile(r"[A-Za-z0-9_./+-]+")
"""A first word that is a program's name, and no assignment or other work of the shell."""
_OF_BASH = re.compile(
    r"(?:^|[;&|(\n!]|\b(?:if|while|until|then|do|else|elif)\s)\s*"
    r"(source|\[\[|pushd|popd|shopt|mapfile|readarray)(?=\s)"
)
"""Words of bash's where a command may stand."""
_IN_QUOTES = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_HERE = re.compile(
    r"^(?P<line>.*<<-?[ \t]*(?:(?P<quote>['\"])(?P<end>\w+)(?P=quote)|\\(?P<bare>\w+)).*)\n"
    r"(?P<body>(?:.*\n)*?)[ \t]*(?:(?P=end)|(?P=bare))[ \t]*$",
    re.MULTILINE,
)
"""Lines that the shell hands on as they are: `<<'EOF'`."""
_READS_SHELL = re.compile(
    r"\b(?:ba|da|z|k|a)?sh\b|\bs(?:sh|run|batch|u|udo)\b|\beval\b|\bparallel\b"
)
"""What has a shell read the text in quotes behind it."""
_MADE = ("results", "logs", "benchmarks", "reports")
"""Folders that studies write into."""
LIMIT_S = 10
_NEARLY = re.compile(
    r"(?<![{$])\{(?P<formatted>[A-Za-z_][A-Za-z0-9_]*)[:!.\[][^{}]*\}(?!\})"
    r"|(?P<quote>[\"'])\{(?P<quoted>[A-Za-z_][A-Za-z0-9_]*)\}(?P=quote)"
)
"""A placeholder with a format, or in quotes of its own."""
_CHOOSES_GPUS = re.compile(
    r"\b((?:CUDA|ROCR|HIP)_VISIBLE_DEVICES)=[\"']?(?!-1\b|NoDevFiles\b|\$(?:\1|\{\1\})(?:[\s\"';&|]|$))[^\s\"';&|]"
)
"""A choice among the machine's GPUs, which the meter does not see; hiding all is none."""
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]+)\}|(?P<bare>[A-Za-z_]+)\b)")
"""A variable of the shell that may be meant as a placeholder."""


def placeholders(command: str) -> list[str]:
    """The names in braces of a command, as it holds them."""
    return [found[1] for found in _BRACES.finditer(command) if found[1]]


def fault(command: str) -> str | None:
    """What is wrong with a command: the end of a sentence that begins with its key; None: nothing.

    It must say where its scores go, and be able to know its size and its seed.
    """
    names = placeholders(command)
    for found in _NEARLY.finditer(command):
        name = found["quoted"] or found["formatted"]
        if name in PLACEHOLDERS:
            return (
                f"holds {found[0]}, but must hold {{{name}}} alone: each value is in quotes where "
                "the shell needs them, and has no format"
            )
    for found in _VARIABLE.finditer(_for_the_shell(command)):
        name = found["braced"] or found["bare"]
        meant = name.lower()
        # Others in capitals are those of a cluster or an account.
        missing = meant in ("n_train", "seed") and meant not in names
        if (name in PLACEHOLDERS or missing) and not _is_set(name, command):
            return (
                f"holds {found[0]}, a variable of the shell that it does not set, but must hold "
                f"{{{meant}}}, which is replaced"
            )
    for name in names:
        if name not in PLACEHOLDERS:
            allowed = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            return (
                f"holds {{{name}}}, but must hold placeholders among {allowed}; braces of its own "
                f"are doubled: {{{{{name}}}}}"
            )
    if chosen := _CHOOSES_GPUS.search(command):
        return (
            f"sets {chosen[1]}, but must leave it out: the energy is that of the GPUs that the "
            f"study sees, so set it before: export {chosen[1]}=…"
        )
    if "result" not in names:
        return f"is {quote(command)}, but must hold {{result}}, the file that its scores go to"
    if "subset" not in names and not {"n_train", "seed"} <= {*names}:
        return (
            f"is {quote(command)}, but must hold {{subset}}, or {{n_train}} and {{seed}}: it would "
            "do the same training each time"
        )
    return None


def _for_the_shell(command: str) -> str:
    """A command without what the shell hands on as it is: a program in another language, say."""

    def here(found: re.Match[str]) -> str:
        return found[0] if _READS_SHELL.search(found["line"]) else f"{found['line']}\n"

    def quoted(found: re.Match[str]) -> str:
        before = re.split(r"[\n;|&]", found.string[: found.start()])[-1]
        read = found[0][0] == '"' or _READS_SHELL.search(before)
        return found[0] if read or _VARIABLE.fullmatch(found[0][1:-1]) else "''"

    return _IN_QUOTES.sub(quoted, _HERE.sub(here, command))


def _is_set(name: str, command: str) -> bool:
    """Whether a command gives a variable of the shell a value."""
    own = rf"['\"]?\$(\{{{name}\}}|{name}\b)"
    # An option of the same name, such as --seed=$seed, is given it and sets nothing.
    given = rf"(?<![-\w.]){name}=(?!{own})|\b(for|read)\s+(-\w+\s+)*{name}\b"
    return re.search(given, command) is not None


def shell_fault(shell: str, command: str) -> str | None:
    """What the shell cannot read in a command: the end of a sentence; None: nothing.

    Nothing is run. A shell that is not on this machine may be where the command will run.
    """
    asked = fill(command, dict.fromkeys(PLACEHOLDERS, "x"))
    try:
        done = subprocess.run(
            [shell, "-n", "-c", asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode == 0:
        return None
    said = shorten(" ".join(done.stderr.split()) or f"it ends with {done.returncode}", 120)
    return f"is {quote(command)}, but must be what {shell} can read: {said}"


def program_fault(shell: str, command: str, folder: Path) -> str | None:
    """What a command begins with, or uses, and its shell cannot run on this machine.

    Returns:
        The end of a sentence that begins with its key; None: nothing is known.
    """
    for found in _OF_BASH.finditer(_IN_QUOTES.sub("''", command)):
        if not _knows(shell, found[1], folder):
            return f"uses {found[1]}, which {shell} does not know and bash does: set shell: bash"
    word = command.split()[0]
    if not _PROGRAM.fullmatch(word):
        return None
    if "/" in word and (folder / word).is_file() and not os.access(folder / word, os.X_OK):
        return f"begins with {word}, which may not be executed: chmod +x {word}"
    return (
        None
        if _knows(shell, word, folder)
        else f"begins with {word}, which is not found on this machine"
    )


def _knows(shell: str, word: str, folder: Path) -> bool:
    """Whether a shell finds a program or a word of its own; one that is not here may."""
    try:
        found = subprocess.run(
            [shell, "-c", 'command -v -- "$1"', shell, word],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return found.returncode == 0


def missing_script(command: str, folder: Path) -> str | None:
    """The script that a command hands to an interpreter first, if it is not there.

    Only the plain form `python train.py ...` is looked at: what stands after options, a change of
    the folder, or in quotes is the shell's and the program's to find.
    """
    program, *words = command.split()
    if not _INTERPRETER.fullmatch(Path(program).name) or not words:
        return None
    word = words[0]
    plain = _SCRIPT.fullmatch(word) is not None
    return word if plain and not (folder / word).exists() else None


def unwatched(command: str, watch: Sequence[str], folder: Path) -> list[str]:
    """What a command names, or its scripts import, and none of the watched files or folders holds.

    A change of these scripts, settings and modules of the folder would train nothing again.
    """
    watched = [(folder / Path(path).expanduser()).resolve() for path in watch]
    left: dict[Path, str] = {}
    for word in dict.fromkeys(_named(command)):
        # What is too long for a name is none.
        with suppress(OSError):
            script = (folder / word).resolve()
            if script.is_file():
                left.setdefault(script, word)
    for script in [path for path in left if path.suffix == ".py"]:
        # A script finds what lies beside it, and `python -m` what lies in the folder.
        for place in (script.parent, folder.resolve()):
            for module in sorted(modules_behind(script, place)):
                if is_of_folder(module, folder.resolve()):
                    left.setdefault(module, module.relative_to(folder.resolve()).as_posix())
    return [
        word
        for path, word in left.items()
        if not any(place in (path, *path.parents) for place in watched)
    ]


def _named(command: str) -> Iterator[str]:
    """Words of a command that may be files: scripts, settings, the first notebook, a module."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    # A command in quotes, as behind `bash -c`, is one word.
    words = [part for word in words for part in dict.fromkeys([word, *word.split()])]
    notebook = False
    for before, word in zip(["", *words], words, strict=False):
        if before == "-m":
            module = word.replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py")
        elif Path(word).suffix in _SCRIPTS | _SETTINGS:
            # As in --config=net.yaml.
            yield word.rpartition("=")[2]
        # The next one, or that of an option, is what papermill or nbconvert writes.
        elif word.endswith(".ipynb") and not notebook and not before.startswith("-o"):
            notebook = not before.startswith("--output")
            yield from [word] if notebook else []


def fill(command: str, values: Mapping[str, str | int | Path]) -> str:
    """A command with its placeholders replaced, each value in quotes where a shell needs them."""
    doubled: list[bool] = []
    """Of each brace that is open."""
    closed = False
    """Whether the next brace is the second of two that close a doubled one."""

    def replace(found: re.Match[str]) -> str:
        nonlocal closed
        if found[1]:
            return shlex.quote(str(values[found[1]]))
        if closed:
            closed = False
            return ""
        if found[0] in ("{", "{{"):
            doubled.append(found[0] == "{{")
            return "{"
        if found[0] == "}" and doubled and doubled.pop():
            closed = command[found.end() : found.end() + 1] == "}"
        return found[0]

    return _BRACES.sub(replace, command)


def watched_digest(paths: Sequence[str], folder: Path) -> str:
    """Digest of the files that a command or a network is made of: their names and content.

    Args:
        paths: files or folders; hidden files in a folder and compiled modules do not count, nor
            does what studies write beside their file.
        folder: where relative ones lie, and that of the study.

    Raises:
        ConfigError: one is missing or cannot be read; the end of a sentence.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            for file in _files(folder / Path(path).expanduser(), folder):
                digest.update(os.fsencode(f"{os.path.relpath(file, folder)}\n"))
                digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigError(f"is {quote(path)}, but cannot be read: {why}") from error
    return digest.hexdigest()[:16]


def _files(path: Path, study: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    made = [study.resolve() / name for name in _MADE]
    whole = not any(path.resolve().is_relative_to(place) for place in made)
    for file in _below(path):
        inside = file.relative_to(path).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside)
        if whole and not hidden and not {*_MADE}.isdisjoint(inside):
            hidden = any(file.resolve().is_relative_to(place) for place in made)
        if file.is_file() and not hidden:
            yield file


def _below(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """All files in a folder and in those below it; a link to a folder above is not followed."""
    real = folder.resolve()
    if real in above:
        return
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir():
            yield entry
        elif not entry.name.startswith(".") and entry.name != "__pycache__":
            yield from _below(entry, above | {real})
