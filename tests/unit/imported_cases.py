"""A table of runs that exist already, and how it is read."""

import itertools

import pytest

from ecosobriety.imported import ImportSpec, Origin, RunsError, imported_records, read_imports
from ecosobriety.metrics import ACCURACY

SIZES, SEEDS = (100, 200), (1, 2)


def table(**columns):
    """A table of all runs; a column is a value for all, or one for each row."""
    keys = list(itertools.product(SIZES, SEEDS))
    base = {
        "n_train": [n for n, _ in keys],
        "seed": [seed for _, seed in keys],
        "accuracy": [0.8 + n / 2000 for n, _ in keys],
        "energy_kwh": [n / 1e5 for n, _ in keys],
    }
    for name, value in columns.items():
        base[name] = value if isinstance(value, list) else [value] * len(keys)
    base = {name: values for name, values in base.items() if values != [None] * len(keys)}
    return "\n".join(
        [",".join(base), *(",".join(map(str, row)) for row in zip(*base.values(), strict=True))]
    )


@pytest.fixture(name="read")
def reading(tmp_path):
    def read(text, emissions=None, metric=ACCURACY, **spec):
        (tmp_path / "runs.csv").write_text(text)
        if emissions is not None:
            (tmp_path / "emissions.csv").write_text(emissions)
            spec["emissions"] = "emissions.csv"
        read.spec = ImportSpec("llm", "mine", "runs.csv", **spec)
        return read_imports(read.spec, SIZES, SEEDS, metric, tmp_path)

    return read


def records(read, found):
    origin = Origin(read.spec, "d1", "da7a", "c0de")
    return imported_records(found.runs, origin, lambda key: f"id{key}")


def refusal(read, *arguments, **spec):
    with pytest.raises(RunsError) as error:
        read(*arguments, **spec)
    assert len(str(error.value)) <= 300
    return str(error.value)
