"""The code's fingerprint changes with what the code does, and with nothing else."""

import json
import os
import re
import sys
from importlib.util import spec_from_file_location

import pytest

from ecosobriety.reasons import imported, trained
from ecosobriety.user_code.fingerprint import (
    COMMAND_MODULES,
    IMPORT_MODULES,
    PACKAGE,
    TRAINING_MODULES,
    class_fingerprint,
    code_fingerprint,
    modules_of,
    script_fingerprint,
)
from ecosobriety.user_code.own_code import TRAINING, own_code

SENTENCES = {
    f"reasons/{module.__name__.rpartition('.')[2]}": {
        id_ for name, texts in vars(module).items() if name.isupper() for id_ in texts
    }
    for module in (trained, imported)
}
PLAIN = "RATE = 0.1\n\ndef step(x):\n    return x - RATE\n"
COMMENTED = '''"""A module."""
# The rate.
RATE = 0.1
"""In no unit."""


def step(x):
    """Take a step."""
    return (x
            - RATE)  # down
'''


@pytest.fixture
def fingerprint_of(tmp_path):
    def fingerprint(source: str) -> str:
        (tmp_path / "module.py").write_text(source)
        return code_fingerprint(["module"], tmp_path)

    return fingerprint


def test_comments_docstrings_and_layout_do_not_count(fingerprint_of):
    assert fingerprint_of(PLAIN) == fingerprint_of(COMMENTED)


@pytest.mark.parametrize(
    ("old", "new"), [("0.1", "0.2"), ("x - RATE", "x + RATE"), ("step", "go"), ("RATE", "R")]
)
def test_what_the_code_does_counts(fingerprint_of, old, new):
    assert fingerprint_of(PLAIN) != fingerprint_of(PLAIN.replace(old, new))


def test_a_package_stands_for_all_its_modules(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "one.py").write_text("A = 1\n")
    before = code_fingerprint(["package"], tmp_path)
    (package / "two.py").write_text("B = 2\n")
    assert code_fingerprint(["package"], tmp_path) != before


def sources(module):
    path = PACKAGE / module
    return [*path.rglob("*.py")] if path.is_dir() else [path.with_suffix(".py")]


def test_every_module_of_the_training_exists_and_its_imports_are_covered():
    """What a training's modules import of the library is in the list, or cannot change a result."""
    # Of the metrics, a record takes the names of its fields.
    harmless = {"errors", "files", "datasets", "metrics", "startup"}
    covered = {module.split("/")[0] for module in TRAINING_MODULES}
    assert code_fingerprint(TRAINING_MODULES) != code_fingerprint(TRAINING_MODULES[:-1])
    for module in TRAINING_MODULES:
        for source in sources(module):
            text = source.read_text()
            imported = {line.split()[1] for line in text.splitlines() if line.startswith("from")}
            inner = {name.split(".")[1] for name in imported if name.startswith("ecosobriety.")}
            assert inner <= covered | harmless, source


def test_sentences_that_reach_no_training_are_not_in_its_fingerprint():
    """Those of what is derived; a training's own modules know none of them."""
    for modules in (TRAINING_MODULES, COMMAND_MODULES, IMPORT_MODULES):
        assert not {"reasons", "reasons/derived"} & {*modules}
        counted = {id_ for name in modules for id_ in SENTENCES.get(name, ())}
        for source in (path for name in modules for path in sources(name)):
            named = re.findall(r'\breason\(\s*"(\w+)"', source.read_text())
            assert counted >= {*named}, source


def test_an_unknown_module_is_an_error():
    with pytest.raises(FileNotFoundError):
        code_fingerprint(["no_such_module"])


@pytest.fixture
def scripts(tmp_path):
    """A rule's script, a module that it imports, and one that only that module imports."""
    package = tmp_path / "library"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "curves.py").write_text("from library.units import RATE\n")
    (package / "units.py").write_text("RATE = 1\n")
    (package / "other.py").write_text("RATE = 1\n")
    (tmp_path / "fit.py").write_text("from library import curves\n")
    return tmp_path


@pytest.mark.parametrize("changed", ["fit", "library/curves", "library/units"])
def test_what_a_script_imports_counts_at_any_distance(scripts, changed):
    before = script_fingerprint(scripts / "fit.py")
    path = scripts / f"{changed}.py"
    path.write_text(f"# A remark.\n{path.read_text()}")
    assert script_fingerprint(scripts / "fit.py") == before
    path.write_text(f"{path.read_text()}A = 2\n")
    assert script_fingerprint(scripts / "fit.py") != before


def test_what_a_script_does_not_import_does_not_count(scripts):
    before = script_fingerprint(scripts / "fit.py")
    (scripts / "library/other.py").write_text("RATE = 2\n")
    assert script_fingerprint(scripts / "fit.py") == before


@pytest.fixture
def software(tmp_path):
    """Two scripts and the library's modules that a fingerprint names."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "one.py").write_text("import part\n")
    (folder / "other.py").write_text("A = 1\n")
    (folder / "part.py").write_text("B = 1\n")
    return folder, tmp_path / "memory/own_code.json"


def test_what_is_kept_is_what_would_be_taken_again(software):
    folder, memory = software
    first = own_code(folder, memory)
    assert first["one"] == script_fingerprint(folder / "one.py")
    assert first[TRAINING] == code_fingerprint(TRAINING_MODULES)
    assert own_code(folder, memory) == first
    # It is read from there.
    kept = json.loads(memory.read_text())
    kept["fingerprints"]["one"] = "kept"
    memory.write_text(json.dumps(kept))
    assert own_code(folder, memory)["one"] == "kept"


@pytest.mark.parametrize("change", ["edited", "added"])
def test_another_state_of_the_code_is_looked_at_again(software, change):
    folder, memory = software
    before = own_code(folder, memory)
    stamp = (folder / "part.py").stat()
    if change == "edited":
        (folder / "part.py").write_text("B = 2\n")
        # Neither its size nor its time shows it.
        os.utime(folder / "part.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    else:
        (folder / "more.py").write_text("")
    after = own_code(folder, memory)
    assert after != before
    assert after["other"] == before["other"]
    assert ("more" in after) == (change == "added")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"state": 1}', b"\xff", None])
def test_a_memory_that_cannot_be_read_does_no_harm(software, content):
    folder, memory = software
    expected = own_code(folder, memory)
    if content is None:
        memory.unlink()
        memory.mkdir()
    else:
        memory.write_bytes(content)
    assert own_code(folder, memory) == expected


@pytest.fixture
def src_layout(tmp_path):
    """A package in `src`, whose modules import each other by absolute names."""
    for name, source in {
        "src/pack/__init__.py": "",
        "src/pack/data.py": "from pack.rule import SHIFT",
        "src/pack/rule.py": "SHIFT = 0",
        "libs/other.py": "FACTOR = 1",
        "src/pack/steps.py": "import other",
        "beside.py": "import sys\nsys.path.append('src')\nfrom pack.rule import SHIFT",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize(
    ("class_path", "helper"),
    [
        ("src.pack.data.DM", "src/pack/rule.py"),
        ("src.pack.steps.SGD", "libs/other.py"),
        ("beside.DM", "src/pack/rule.py"),
    ],
)
def test_modules_are_found_where_python_finds_them(
    src_layout, monkeypatch, class_path, helper, linked
):
    named = src_layout
    if linked:
        named = src_layout.parent / f"{src_layout.name}-link"
        named.symlink_to(src_layout)
    way = named / "src/../libs"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(way), "/elsewhere"]))
    before = class_fingerprint(class_path, src_layout)
    path = src_layout / helper
    path.write_text(path.read_text() + "\n# in other words\n")
    assert class_fingerprint(class_path, src_layout) == before
    path.write_text(path.read_text() + "MORE = 2\n")
    assert class_fingerprint(class_path, src_layout) != before


def test_an_environment_in_the_folder_is_installed(tmp_path, monkeypatch):
    installed = tmp_path / ".venv/lib/python3/site-packages/lib1"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("from lib1 import more")
    (installed / "more.py").write_text("import other")
    (installed.parent / "other.py").write_text("")
    monkeypatch.syspath_prepend(str(installed.parent))
    assert modules_of("lib1.Net", tmp_path) == {installed / "__init__.py"}


def test_folders_without_a_file_of_their_own_are_packages_too(tmp_path):
    for name, source in {"a/b/c.py": "from a.b import d", "a/b/d.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    assert modules_of("a.b.c.Net", tmp_path) == {tmp_path / "a/b/c.py", tmp_path / "a/b/d.py"}


class Finder:
    """As `pip install -e` writes one for a package beside its pyproject.toml."""

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        file = self.folder / "__init__.py"
        if name != self.folder.name:
            return None
        return spec_from_file_location(name, file, submodule_search_locations=[str(self.folder)])


def test_a_package_that_is_installed_in_place_is_the_users(tmp_path, monkeypatch):
    package, study = tmp_path / "proj/mypkg", tmp_path / "study"
    for folder in (package, study):
        folder.mkdir(parents=True)
    for name, source in {"__init__": "", "net": "from mypkg import blocks", "blocks": ""}.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder(package)])
    found = {path.stem for path in modules_of("mypkg.net.Net", study)}
    assert found == {"__init__", "net", "blocks"}
    before = class_fingerprint("mypkg.net.Net", study)
    (package / "blocks.py").write_text("WIDTH = 2")
    assert class_fingerprint("mypkg.net.Net", study) != before


def test_a_class_is_of_the_folder_however_it_is_found(src_layout, monkeypatch):
    link = src_layout.parent / f"{src_layout.name}-linked"
    link.symlink_to(src_layout)
    monkeypatch.syspath_prepend(str(link / "src"))
    found = modules_of("pack.data.DM", src_layout)
    assert src_layout / "src/pack/rule.py" in found


def test_packages_in_a_folder_of_the_users_are_installed(tmp_path, monkeypatch):
    for name in ("libs/big/__init__.py", "libs/big-1.0.dist-info/METADATA"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "net.py").write_text("import big")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "libs"))
    assert modules_of("net.Net", tmp_path) == {tmp_path / "net.py"}


@pytest.mark.parametrize(
    "line",
    [
        'sys.path.append("parts/lib")',
        'sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/parts/lib")',
        'LIB: str = "lib"\nsys.path.insert(0, str(Path(__file__).parent / "parts" / LIB))',
        'for place in ("parts/lib", "more"):\n    sys.path.insert(0, place)',
        'site.addsitedir("parts/lib")',
        "import _init_paths",
    ],
)
def test_modules_of_folders_that_a_file_adds_to_the_path_are_the_users(tmp_path, line):
    (tmp_path / "parts/lib").mkdir(parents=True)
    (tmp_path / ".venv/lib/python3/site-packages").mkdir(parents=True)
    (tmp_path / "_init_paths.py").write_text("")
    head = "import os, site, sys\nfrom pathlib import Path\ntry: import nowhere\nexcept: pass\n"
    (tmp_path / "net.py").write_text(f"{head}{line}\nfrom own_steps import SHIFT\nimport torch\n")
    (tmp_path / "parts/lib/own_steps.py").write_text("import further_steps\n")
    # Those that it imports have the folder, too.
    (tmp_path / "parts/lib/further_steps.py").write_text("")
    # What is installed, or found before, is none of these.
    for other in ("parts/lib/torch.py", ".venv/lib/python3/site-packages/own_steps.py"):
        (tmp_path / other).write_text("")
    names = {"net.py", "parts/lib/own_steps.py", "parts/lib/further_steps.py"}
    names |= {"_init_paths.py"} if "_init_paths" in line else set()
    assert modules_of("net.Net", tmp_path) == {tmp_path / name for name in names}
    (tmp_path / "net.py").write_text(f"{head}{line}\n")
    assert modules_of("net.Net", tmp_path).isdisjoint({tmp_path / "parts/lib/own_steps.py"})


def test_many_folders_below_are_no_trouble(tmp_path):
    """As of images by their classes; a module is looked for in the first ones, and not too deep."""
    for i in range(2500):
        (tmp_path / f"images/{i:04}").mkdir(parents=True)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/own_steps.py").write_text("")
    (tmp_path / "net.py").write_text("import own_steps, nowhere_else\n")
    assert modules_of("net.Net", tmp_path) == {tmp_path / "net.py", tmp_path / "lib/own_steps.py"}


def test_a_part_of_a_package_below_is_found_though_its_name_is_there_too(tmp_path):
    """As of a copied repository whose `models` is a folder, beside a file of that name."""
    (tmp_path / "yolo/models").mkdir(parents=True)
    for name in ("models.py", "yolo/models/blocks.py"):
        (tmp_path / name).write_text("WIDTH = 1\n")
    head = "import sys\nsys.path.insert(0, 'yolo')\n"
    (tmp_path / "net.py").write_text(f"{head}from models.blocks import WIDTH\n")
    assert tmp_path / "yolo/models/blocks.py" in modules_of("net.Net", tmp_path)
    # A name in a module is looked for nowhere else.
    (tmp_path / "net.py").write_text(f"{head}from models import blocks\n")
    assert modules_of("net.Net", tmp_path) == {tmp_path / "net.py", tmp_path / "models.py"}
