"""What all tests share."""

import gc
import importlib.metadata
import os
import shutil
import sys
from functools import cache

import pytest
from filelock import FileLock

from ecosobriety.user_code import apart
from warm import WarmSubprocess, share_server, warm_executable

# Tests run beside each other. A training whose threads wait for each other in a loop, as those of
# OpenMP do, then takes twenty times as long: let them sleep. It is read when PyTorch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Whatever the machine's habit: hundreds of processes would compile the library anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Each Trainer of Lightning's asks all packages for its plugins, which takes 10 ms.
importlib.metadata.entry_points = cache(importlib.metadata.entry_points)


QUICK = "not slow"
"""The expression of marks by which `make check` chooses: tests that compute, and little."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One process more than processors: many tests wait, as for the end of a window.

    Quick ones do not, and each process imports for as long as hundreds of them take.
    """
    usable = getattr(os, "sched_getaffinity", None)
    processors = len(usable(0)) if usable else os.cpu_count() or 1
    return processors if config.option.markexpr == QUICK else processors + 1


def pytest_configure(config):
    """Where several processes share the tests, they share the warm Python too."""
    if hasattr(config, "workerinput"):
        # A test that starts Python itself gets one that has imported nothing.
        sys.executable = config.workerinput["python"]
    elif config.getoption("numprocesses", None):
        share_server()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs):
    """They are its forks themselves: none of them imports the packages, which takes 6 s."""
    for spec in specs:
        spec.python = warm_executable()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["python"] = sys.executable


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message):
    """Send no category of a package's: who counts the tests would import it, for 5 s with PyTorch.

    Meanwhile a process whose results are not read waits.
    """
    if type(warning_message.message).__module__ != "builtins":
        warning_message.message = UserWarning(str(warning_message.message))
        warning_message.category = UserWarning


def pytest_collection_modifyitems(items):
    """Put five other files behind each file of real studies.

    A machine measures one training at a time: of three processes that run studies, two would often
    wait for the third, and a processor with them.
    """
    files = dict.fromkeys(item.path for item in items)
    studies = [path for path in files if path.parent.name == "workflow"]
    others = [path for path in files if path.parent.name != "workflow"]
    place = {path: 6 * i for i, path in enumerate(studies)}
    place |= {path: i + i // 5 + 1 for i, path in enumerate(others)}
    items.sort(key=lambda item: place[item.path])


def pytest_collection_finish():
    """No test looks through what is imported and collected for garbage, and seldom for its own."""
    gc.collect()
    gc.freeze()
    # Tables and pages are many objects and no circles: looking takes a twelfth of their time.
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def warm_processes(monkeypatch):
    """What looks at a user's classes in processes of their own waits for no import."""
    monkeypatch.setattr(apart, "subprocess", WarmSubprocess())


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request):
    """A folder by its name, made by one for all processes that share the tests: they only read."""
    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        base = base.parent

    def made_once(name, make):
        folder = base / name
        with FileLock(f"{folder}.lock"):
            if not (folder / "done").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                (folder / "done").touch()
        return folder

    return made_once
