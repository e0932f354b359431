"""What is said of energies: of unlike batches, of counters, of hardware and of more data."""

import pandas as pd
import pytest
from synthetic import REPORT_DIR, make_runs, make_study

from ecosobriety.reporting.embodied import _verdict
from ecosobriety.reporting.hardware import energy_basis
from ecosobriety.texts import Texts

ENERGIES = ["energy_kwh", "energy_cpu_kwh", "energy_ram_kwh"]


def runs_of(kwh: dict[int, float], *, batch: int, epochs: dict[int, float]) -> pd.DataFrame:
    """Trainings of given energies, in kWh, and epochs."""
    runs = make_runs()
    sizes = sorted(runs["n_train"].unique())[-len(kwh) :]
    runs = runs[runs["n_train"].isin(sizes)].reset_index(drop=True)
    runs["n_train"] = runs["n_train"].map(dict(zip(sizes, kwh, strict=True)))
    times = runs["n_train"].map(kwh) / runs["energy_kwh"]
    for column in ENERGIES:
        runs[column] *= times
    runs["epochs"] = runs["n_train"].map(epochs)
    runs["steps"] = (runs["epochs"] * -(-runs["n_train"] // batch)).round()
    return runs


def case_of(runs: pd.DataFrame):
    (case,) = make_study(runs).cases()
    return case


EPOCHS = {32: 20.0, 64: 20.0, 128: 20.0}


def test_a_larger_batch_may_take_what_its_examples_take_and_no_more() -> None:
    def spread(*kwh: float, batch: int = 128) -> float:
        found = case_of(
            runs_of(dict(zip(EPOCHS, kwh, strict=True)), batch=batch, epochs=EPOCHS)
        ).pace_spread
        assert found is not None
        return found

    # One step an epoch everywhere: by the example, by the step, and between them.
    assert spread(1, 2, 4) == pytest.approx(1)
    assert spread(1, 1, 1) == pytest.approx(1)
    assert spread(1, 1.4, 2) == pytest.approx(1)
    # A step on half as many examples took 1.5 times as much; one on twice as many 3 times.
    assert spread(1, 3, 2) == pytest.approx(1.5)
    assert spread(1, 2, 6) == pytest.approx(1.5)
    # Whole batches, whose steps cost the same.
    assert spread(1, 2, 6, batch=32) == pytest.approx(1.5)


def test_what_passes_is_counted_and_not_the_steps() -> None:
    case = case_of(runs_of({32: 1.0, 64: 3.0, 128: 2.0}, batch=128, epochs=EPOCHS))
    assert case.decision.passes_saved_share(64) == pytest.approx(0.5)


def test_more_data_cost_nothing_more_only_under_a_budget_of_steps() -> None:
    def extra(epochs: dict[int, float]) -> tuple[str, float]:
        more = case_of(runs_of({32: 1.0, 64: 2.0, 128: 4.0}, batch=128, epochs=epochs))
        first = more.decision.result["more_data"][0]
        return first["energy_by"], first["energy_kwh"]

    assert extra(EPOCHS) == ("line", pytest.approx(4.0))
    # As many steps, which are more epochs of a smaller size.
    by_steps = runs_of({1000: 2.0, 2000: 2.1}, batch=125, epochs={1000: 20.0, 2000: 10.0})
    assert by_steps["steps"].nunique() == 1
    first = case_of(by_steps).decision.result["more_data"][0]
    assert (first["energy_by"], first["energy_kwh"]) == ("steps", 0.0)


def test_energies_that_are_mostly_counted_are_not_called_assumed() -> None:
    text = Texts.load("en", REPORT_DIR / "locale")
    case = case_of(runs_of({1000: 2.0, 2000: 4.0}, batch=125, epochs={1000: 1.0, 2000: 1.0}))
    estimated, measured = {"quality": "estimated"}, {"quality": "measured"}

    def said(**parts: dict[str, str]) -> str:
        return str(energy_basis(case, [parts], text))

    # A processor of 60 % and a memory of 40 %.
    assert "rest on assumed powers, not on counters" in said(cpu=estimated, ram=estimated)
    assert "rest on assumed powers, not on counters" in said(cpu=estimated, ram=measured)
    partly = said(cpu=measured, ram=estimated)
    assert partly.startswith("40% of these energies rests on assumed powers: Memory")
    assert partly.endswith("). The rest was read from counters.")
    assert "how long" not in partly
    assert energy_basis(case, [{"cpu": measured, "ram": measured}], text) is None


def test_what_is_most_of_the_emissions_is_said_of_all_sizes_only_where_all_are_known() -> None:
    text = Texts.load("en", REPORT_DIR / "locale")
    every = str(text.markup("embodied.verdict.all"))

    def verdict(*shares: float | None) -> str:
        sizes = [
            {"n_train": 10 * i, "share": {"central": share}} for i, share in enumerate(shares, 1)
        ]
        return str(_verdict({"sizes": sizes}, text))

    assert verdict(0.8, 0.9) == every
    assert verdict(None, 0.9) != every
    assert "20" in verdict(None, 0.9)
    assert verdict(None, 0.1) == "None"
    assert verdict(0.2, 0.1) == str(text.markup("embodied.verdict.none"))
