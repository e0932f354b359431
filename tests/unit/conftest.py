"""What several unit tests use."""

import subprocess
import sys
from importlib.metadata import version

import pytest

# What takes long to import is imported where it is used: the process that only hands out tests
# reads this file as well.


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's bundled digits: 1,400 training and 397 test images of 8 x 8."""
    from ecosobriety import datasets

    return datasets.obtain({"name": "digits"})


@pytest.fixture(scope="session")
def lightning_folder(tmp_path_factory):
    """A folder with the package `lightning`, of the version of `pytorch_lightning`."""
    folder = tmp_path_factory.mktemp("lightning")
    wanted = f"lightning=={version('pytorch-lightning')}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    if subprocess.run([*pip, wanted], capture_output=True).returncode != 0:
        pytest.skip(f"{wanted} cannot be downloaded here")
    return folder


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
