"""What several unit tests use."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

# What takes long to import is imported where it is used: the process that only hands out tests
# reads this file as well.


@pytest.fixture(autouse=True)
def own_meter(monkeypatch):
    """What is trained in a test's process waits for no measurement of the machine, and keeps none.

    Its meters are stand-ins, or its powers are known; the studies of `tests/workflow` are measured.
    """
    monkeypatch.setattr("ecosobriety.metering.lock.METER", f"ecosobriety-test-{os.getpid()}")


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's bundled digits: 1,400 training and 397 test images of 8 x 8."""
    from ecosobriety import readers

    return readers.obtain({"name": "digits"})


@pytest.fixture(scope="session")
def lightning_folder(made_once):
    """A folder with the package `lightning`, of the version of `pytorch_lightning`."""
    wanted = f"lightning=={version('pytorch-lightning')}"

    def install(folder):
        options = ("--quiet", "--no-deps", "--target", str(folder / "there"))
        pip = [sys.executable, "-m", "pip", "install", *options, wanted]
        if subprocess.run(pip, capture_output=True).returncode != 0:
            pytest.skip(f"{wanted} cannot be downloaded here")

    return made_once("lightning", install) / "there"


@pytest.fixture(scope="session")
def poster():
    """The poster's claims as they come with the workflow."""
    from claim_cases import POSTER, SCHEMA

    from ecosobriety.claims import load_claims

    return load_claims(POSTER, SCHEMA)


@pytest.fixture(scope="session")
def poster_study():
    """The poster's study on made-up runs."""
    from synthetic import make_study

    return make_study()


@pytest.fixture(scope="session")
def poster_claims(poster_study, poster):
    """What the made-up study says of the claims."""
    from claim_cases import told_claims

    return told_claims(poster_study, poster)
