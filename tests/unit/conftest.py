"""What several unit tests use."""

import pytest

from ecosobriety import datasets


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's bundled digits: 1,400 training and 397 test images of 8 x 8."""
    return datasets.obtain({"name": "digits"})
