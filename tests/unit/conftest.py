"""What several unit tests use."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from claim_cases import POSTER, SCHEMA, told_claims
from synthetic import make_study

from ecosobriety import datasets
from ecosobriety.claims import load_claims


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's bundled digits: 1,400 training and 397 test images of 8 x 8."""
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
    return load_claims(POSTER, SCHEMA)


@pytest.fixture(scope="session")
def poster_study():
    """The poster's study on made-up runs."""
    return make_study()


@pytest.fixture(scope="session")
def poster_claims(poster_study, poster):
    """What the made-up study says of the claims."""
    return told_claims(poster_study, poster)
