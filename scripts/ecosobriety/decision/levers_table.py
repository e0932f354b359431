"""The table `levers`: every setting of a study beside the one that it is compared with."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from ecosobriety.decision.criteria import Criteria
from ecosobriety.decision.evidence import TestPart, find_obstacle
from ecosobriety.decision.intervals import linearised_ratio, mean_interval
from ecosobriety.decision.levers import (
    COMBINED,
    SEEDS_TO_CONFIRM,
    Grid,
    Rule,
    Setting,
    run_tests,
    way_between,
)
from ecosobriety.decision.non_inferiority import reference_size
from ecosobriety.decision.savings import full_contracts
from ecosobriety.metrics import ACCURACY, Metric
from ecosobriety.study_config.levers import REFERENCE
from ecosobriety.tables import GRID_SOURCE, SCHEMAS, check_table

_SETTING, _LAST = list(Setting._fields), 0
_TESTED = ["verdict", "verdict_reason", "n_seeds", "confidence", "diff_mean", "diff_lower"]


def compare_levers(
    runs: pd.DataFrame,
    epochs: pd.DataFrame,
    scenarios: pd.DataFrame,
    criteria: Criteria,
    *,
    country_iso3: str,
    lever_of: Mapping[str, str],
    data: TestPart,
    metric: Metric = ACCURACY,
) -> pd.DataFrame:
    """Compare every setting with the reference: the first model on all data, trained to its end.

    Args:
        runs: the table `runs`.
        epochs: the table `epochs`.
        scenarios: the table `scenarios`; a kWh emits and costs as it does at the reference.
        country_iso3: where the trainings were metered.
        criteria: what the study judges by.
        lever_of: the lever that each model is, the reference's first (`study_config.levers`).
        data: what is known of the data.
        metric: what the scores are.

    Returns:
        The table `levers`: a row for each setting at which every seed of the reference was scored,
        by falling energy, the reference first. `epochs` is null where a training does not say how
        many it took. `diff_mean` and `diff_lower` say how much better than the reference it is, in
        the metric's unit; `n_seeds` and `confidence` what they rest on. Without a test, `verdict`
        is null and `verdict_reason` one of `saves_nothing` (no less energy than the reference),
        `not_chosen` (only one combined setting is tested), `too_few_seeds` (to choose it by some
        and test it by others), or what stands against any recommendation (`find_obstacle`).
        `saved_share` is a share of the reference's energy. Emissions are those on the country's
        mix; `cost_grid` is the cost there, `cost_cheapest` and `cost_dearest` with the sources
        whose electricity costs least and most (coverage 1), each null without a price. `path_step`
        numbers the settings from the reference, 0, to the recommended one: the cheapest that is
        non-inferior.

    Raises:
        DataError: the first model has no run of the reference size.
    """
    tables = []
    for dataset, own in runs.groupby("dataset", sort=True):
        trained = _Trained.of(own, epochs[epochs["dataset"] == dataset], metric)
        model = next(iter(lever_of))
        sizes = own[own["model"] == model].set_index("n_train")
        reference = Setting(model, reference_size(sizes, criteria.reference_n_train), _LAST)
        grid = trained.grid(reference, lever_of)
        margin, confidence = criteria.margin, criteria.confidence
        rule = Rule(margin, confidence, metric, data.counted(metric))
        untrained = reference.n_train < (criteria.full_n_train or 0)
        obstacle = find_obstacle(
            grid.score_of[reference], data, margin, confidence, metric, untrained=untrained
        )
        table = _verdicts(grid, rule, obstacle)
        table["path_step"] = _path_steps(grid, table["verdict"], metric)
        table = trained.describe(table, grid, confidence).assign(dataset=dataset)
        prices = _per_kwh(table.iloc[0], scenarios, country_iso3)
        for column, amount in prices.items():
            table[column] = table["energy_kwh_mean"] * amount
        tables.append(table.assign(currency=str(scenarios["currency"].iloc[0])))
    columns = list(SCHEMAS["levers"].columns)
    return check_table("levers", pd.concat(tables)[columns])


@dataclass(frozen=True)
class _Trained:
    """Scores, energies (kWh) and durations (s): a row per setting, a column per seed."""

    scores: pd.DataFrame
    energy_kwh: pd.DataFrame
    duration_s: pd.DataFrame
    epochs: pd.Series
    mean_epochs: pd.Series

    @classmethod
    def of(cls, runs: pd.DataFrame, epochs: pd.DataFrame, metric: Metric) -> "_Trained":
        """All settings: each training to its end, and after each epoch below that was scored."""
        key = ["dataset", "model", "n_train", "seed"]
        last = runs[[*key, "epochs"]].rename(columns={"epochs": "last"})
        partial = epochs.merge(last, on=key, validate="many_to_one")
        partial = partial[partial["epoch"] < partial["last"]]
        # Without a score or an energy an epoch says nothing of a lever.
        partial = partial.dropna(subset=[metric.test_column, "energy_kwh"])
        rows = pd.concat(
            [
                runs.assign(stop=_LAST),
                partial.assign(stop=partial["epoch"].astype(int), epochs=partial["epoch"]),
            ]
        )
        columns = (metric.test_column, "energy_kwh", "train_duration_s")
        scores, energy_kwh, duration_s = (
            rows.pivot(index=_SETTING, columns="seed", values=name).astype(float)
            for name in columns
        )
        epochs_of = rows.groupby(_SETTING)["epochs"]
        # Trainings that a module ends by itself took no one number of epochs.
        same = epochs_of.nunique(dropna=False) == 1
        one, mean = epochs_of.first().where(same), epochs_of.mean()
        return cls(scores, energy_kwh, duration_s, one, mean)

    def grid(self, reference: Setting, lever_of: Mapping[str, str]) -> Grid:
        """Those settings that have all seeds of the reference."""
        seeds = self.scores.columns[self.scores.loc[[reference]].notna().iloc[0]]
        complete = self.scores[seeds].notna().all(axis=1)
        settings = [Setting(*key) for key in self.scores.index[complete]]
        scores, energy_kwh = (
            one.loc[complete, seeds].to_numpy() for one in (self.scores, self.energy_kwh)
        )
        taken = zip(settings, self.mean_epochs[complete], strict=True)
        epochs = {setting: float(number) for setting, number in taken if pd.notna(number)}
        return Grid(settings, scores, energy_kwh, reference, lever_of, epochs)

    def describe(self, table: pd.DataFrame, grid: Grid, confidence: float) -> pd.DataFrame:
        """Add what each setting takes and saves; by falling energy, the reference first."""
        full = grid.energy_kwh[grid.settings.index(grid.reference)]
        table[["saved_share", "saved_share_ci_low", "saved_share_ci_high"]] = [
            mean_interval(linearised_ratio(full - own, full), confidence, highest=1.0)
            if full.mean() > 0
            else (math.nan,) * 3
            for own in grid.energy_kwh
        ]
        table["energy_kwh_mean"] = grid.energy_kwh.mean(axis=1)
        table["score_mean"] = grid.scores.mean(axis=1)
        # A mean over some of the seeds would be another mean.
        seeds = self.scores.columns[self.scores.loc[[grid.reference]].notna().iloc[0]]
        table["duration_s_mean"] = self.duration_s.loc[table.index, seeds].mean(
            axis=1, skipna=False
        )
        table["epochs"] = self.epochs[table.index]
        table["first"] = table["lever"] == REFERENCE
        ordered = table.sort_values(["first", "energy_kwh_mean"], ascending=False, kind="stable")
        return ordered.reset_index()


def _per_kwh(reference: pd.Series, scenarios: pd.DataFrame, country_iso3: str) -> dict[str, float]:
    """What a kWh of training emits (g) and costs where the reference was metered; NaN: unknown."""
    rows = scenarios[
        (
            scenarios[["dataset", "model", "n_train"]] == reference[["dataset", "model", "n_train"]]
        ).all(axis=1)
        & (scenarios["country_iso3"] == country_iso3)
    ]
    rows = rows.assign(**{n: rows[n] / rows["energy_kwh"] for n in ("emissions_g", "cost")})
    mix, contracts = rows[rows["source"] == GRID_SOURCE].iloc[0], full_contracts(rows)["cost"]
    return {
        "emissions_g_mean": mix["emissions_g"],
        "cost_grid": mix["cost"],
        "cost_cheapest": contracts.min(),
        "cost_dearest": contracts.max(),
    }


def _verdicts(grid: Grid, rule: Rule, obstacle: str | None) -> pd.DataFrame:
    """What was found of each setting, and why nothing where nothing was tested."""
    reference = grid.score_of[grid.reference]
    found = {
        setting: {
            "verdict": None,
            "verdict_reason": obstacle or _why_untested(grid, setting),
            "n_seeds": len(reference),
            "confidence": math.nan,
            "diff_mean": float((rule.metric.sign * (own - reference)).mean()),
            "diff_lower": math.nan,
        }
        for setting, own in grid.score_of.items()
    }
    found[grid.reference] |= {"verdict": "reference", "verdict_reason": None}
    if obstacle is None:
        found |= {setting: asdict(one) for setting, one in run_tests(grid, rule).items()}
    table = pd.DataFrame(
        [
            {**setting._asdict(), "lever": grid.levers[setting], **own}
            for setting, own in found.items()
        ]
    )
    return table.set_index(_SETTING)


def _why_untested(grid: Grid, setting: Setting) -> str:
    """Why a setting would not be tested."""
    alone = grid.levers[setting] != COMBINED
    if alone or grid.mean_energy_kwh[setting] >= grid.mean_energy_kwh[grid.reference]:
        return "saves_nothing"
    return "too_few_seeds" if grid.scores.shape[1] < SEEDS_TO_CONFIRM else "not_chosen"


def _path_steps(grid: Grid, verdicts: pd.Series, metric: Metric) -> pd.Series:
    """From the reference to the cheapest setting that is not worse, one lever after the other."""
    way = [grid.reference]
    passed = [s for s, v in zip(grid.settings, verdicts, strict=True) if v == "non_inferior"]
    if passed:
        chosen = min(passed, key=lambda setting: grid.mean_energy_kwh[setting])
        means = {setting: float(own.mean()) for setting, own in grid.score_of.items()}
        way += way_between(grid.reference, chosen, means, metric)
    steps = [way.index(setting) if setting in way else None for setting in grid.settings]
    return pd.Series(steps, index=verdicts.index, dtype="Int64")
