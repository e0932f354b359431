"""Several finished studies side by side: ratios, what may be compared, and the page."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from page import Page
from scipy.stats import t as student
from synthetic import REPORT_DIR

from ecosobriety.decision.ratios import difference_of_scores, ratio_of_means
from ecosobriety.errors import ConfigError, RecordError
from ecosobriety.languages import COMPARISON_FILES
from ecosobriety.metrics import ACCURACY, RMSE
from ecosobriety.reporting.comparison import build_comparison
from ecosobriety.studies import compare, names_to_compare, read_finished, require_finished
from ecosobriety.studies.comparable import CAUTIONS, REMARKS
from ecosobriety.studies.finished import FILES
from ecosobriety.texts import load_catalogue

A, B = pd.Series({1: 2.0, 2: 4.0}), pd.Series({1: 3.0, 2: 7.0})


def test_a_paired_ratio_by_hand():
    # R = 5 / 3. Of each seed, R + (b - R a) / 3: 14/9 and 16/9, their standard error 1/9; t of one
    # degree of freedom at 0.975 is 12.706.
    found = ratio_of_means(B, A, 0.95, pair=True)
    assert found.value == pytest.approx(5 / 3)
    assert found.high == pytest.approx(5 / 3 + 12.7062047 / 9)
    assert found.low == pytest.approx(5 / 3 - 12.7062047 / 9)
    assert found.pairs == 2


def test_a_ratio_of_independent_means_by_hand():
    # s(b)^2 = 8, s(a)^2 = 2, of two each: v_b = 4, v_a = 1. In units of mean(a)^2 = 9, the parts
    # are 4/9 and R^2 / 9 = 25/81; their sum is 61/81, its root sqrt(61) / 9.
    found = ratio_of_means(B, A, 0.95, pair=False)
    freedom = (61 / 81) ** 2 / ((36 / 81) ** 2 + (25 / 81) ** 2)
    reach = student.ppf(0.975, freedom) * np.sqrt(61) / 9
    assert (found.value, found.low) == pytest.approx((5 / 3, 0.0))
    assert found.high == pytest.approx(5 / 3 + reach)
    assert found.pairs == 0


def test_seeds_without_a_partner_do_not_pair():
    other = pd.Series({7: 3.0, 8: 7.0})
    assert ratio_of_means(other, A, 0.95, pair=True) == ratio_of_means(B, A, 0.95, pair=False)


def test_one_seed_gives_a_ratio_without_bounds_and_nothing_gives_none():
    found = ratio_of_means(B[:1], A, 0.95, pair=True)
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(ratio_of_means(B, A * 0, 0.95, pair=True).value)
    assert np.isnan(ratio_of_means(B, A[:0], 0.95, pair=False).value)


def test_scores_that_pair_are_put_to_the_studies_own_test():
    # Differences -0.01, 0, 0.01 in 10,000 test examples: mean 0, standard error 0.01 / sqrt(3),
    # one-sided t of two degrees of freedom at 0.95 is 2.920.
    first = pd.Series({1: 0.90, 2: 0.91, 3: 0.92})
    other = first + pd.Series({1: -0.01, 2: 0.0, 3: 0.01})
    found = difference_of_scores(other, first, 0.02, 0.95, ACCURACY, 10_000, pair=True)
    assert found.difference.low == pytest.approx(-2.9199856 * 0.01 / np.sqrt(3))
    assert (found.verdict, found.difference.pairs) == ("non_inferior", 3)
    narrow = difference_of_scores(other, first, 0.01, 0.95, ACCURACY, 10_000, pair=True)
    assert narrow.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "non_inferior"), (20.0, "inferior"), (5.0, "inconclusive")]
)
def test_scores_that_do_not_pair_are_put_to_welchs(shift, verdict):
    # A relative margin of 5 % of about 100; each mean's standard error is about 0.6.
    rng = np.random.default_rng(3)
    first = pd.Series(100 + rng.normal(0, 1.3, 5), index=range(5))
    other = pd.Series(100 + shift + rng.normal(0, 1.3, 5), index=range(10, 15))
    assert difference_of_scores(other, first, 0.05, 0.95, RMSE, None, pair=True).verdict == verdict


def test_welchs_bounds_are_scipys():
    from scipy.stats import ttest_ind

    first, other = pd.Series([0.80, 0.82, 0.84]), pd.Series([0.85, 0.86, 0.90, 0.87])
    found = difference_of_scores(other, first, 0.01, 0.95, ACCURACY, 100, pair=False).difference
    ends = ttest_ind(other, first, equal_var=False).confidence_interval(0.90)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_equal_scores_that_do_not_pair_prove_nothing():
    same = pd.Series([0.5, 0.5])
    assert difference_of_scores(same, same, 0.1, 0.95, ACCURACY, 10, pair=False).verdict is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory, poster_study):
    """Results of two finished studies: `first`, and `second`, which takes twice the energy."""
    results = tmp_path_factory.mktemp("compared") / "results"
    for name, factor in (("first", 1.0), ("second", 2.0)):
        _write(results / name, name, poster_study, factor)
    return results


def _write(place, name, study, factor):
    (place / "tables").mkdir(parents=True)
    (place / "data").mkdir()
    energies = ["energy_kwh", "energy_cpu_kwh", "energy_ram_kwh"]
    runs = study.runs.copy()
    runs[energies] *= factor
    runs.to_csv(place / "tables/runs.csv", index=False)
    study.curve.to_csv(place / "tables/curve.csv", index=False)
    # The country of the metering is all that is read, and two countries show that it is.
    scenarios = study.scenarios[study.scenarios["country_iso3"].isin(["FRA", "POL"])].copy()
    columns = [c for c in scenarios if c.startswith(("energy_kwh", "emissions_g", "cost"))]
    scenarios[columns] *= factor
    scenarios.to_parquet(place / "tables/scenarios.parquet", index=False)
    (place / "recommendation.json").write_text(json.dumps(study.recommendation))
    config = {**study.config, "study": name, "factors": 2026}
    config["metering"] = {"cpu_power_w": None, "ram_power_w": None, **config["metering"]}
    facts = study.intake.as_json()
    provenance = {
        "config": config,
        "dataset": {
            "name": facts["dataset"],
            "sha256": "ab" * 32,
            "task": "classification",
            "test_examples": facts["test_examples"],
        },
        "trainings": {"windows": {"mlp": "fit"}, "disturbed": 0},
        "hardware": [{"cpu": "A processor", "cpus_machine": 2, "memory_mb": 16_000, "gpu": None}],
        "components": [{"cpu": {"quality": "estimated", "source": "cpu_load"}}],
        "factors": {"source_cost.csv": "cd" * 32},
        "country_data": {"sha256": "ef" * 32},
    }
    (place / "provenance.json").write_text(json.dumps(provenance))
    (place / f"data/{facts['dataset']}.intake.json").write_text(json.dumps(facts))


@pytest.fixture(scope="module")
def pair(folder):
    return [read_finished(name, folder) for name in ("first", "second")]


def changed(study, **parts):
    """A study of another origin: `dataset={"sha256": "00"}` changes that part of it."""
    provenance = {**study.provenance}
    for name, part in parts.items():
        provenance[name] = {**provenance[name], **part} if isinstance(part, dict) else part
    return replace(study, provenance=provenance)


def row_of(table, at="same_size"):
    (row,) = table[(table["study"] == "second") & (table["at"] == at)].to_dict("records")
    return row


@pytest.mark.slow
def test_twice_the_energy_is_a_ratio_of_two_in_all_that_follows_from_it(pair):
    for at in ("same_size", "sufficient"):
        row = row_of(compare(pair), at)
        for name in ("energy", "emissions", "cost"):
            assert [row[f"{name}_ratio{end}"] for end in ("", "_low", "_high")] == pytest.approx(
                [2, 2, 2]
            )
        assert row["duration_ratio"] == pytest.approx(1)
        assert (row["n_pairs"], row["score_diff"], row["score_verdict"]) == (5, 0, "non_inferior")
    assert row_of(compare(pair))["n_train"] == 60_000
    assert row_of(compare(pair), "sufficient")["n_train"] == 40_000


def test_the_country_and_the_pue_of_each_are_in_the_ratio_of_emissions(pair):
    first, second = pair
    place = second.scenarios["country_iso3"] == first.country
    own = second.scenarios.assign(
        emissions_g=second.scenarios["emissions_g"].where(
            ~place, second.scenarios["emissions_g"] * 3
        )
    )
    row = row_of(compare([first, replace(second, scenarios=own)]))
    assert row["energy_ratio"] == pytest.approx(2)
    assert row["emissions_ratio"] == pytest.approx(6)


ELSEWHERE = [{"cpu": "Another one", "cpus_machine": 64, "memory_mb": 64_000, "gpu": None}]


@pytest.mark.parametrize(
    ("parts", "kinds", "remark"),
    [
        ({"dataset": {"sha256": "00"}}, ("score", "energy", "duration", "cost"), "data"),
        ({"dataset": {"test_examples": 5}}, ("score", "energy"), "data"),
        ({"hardware": ELSEWHERE}, ("energy", "emissions", "cost"), "power_models"),
        ({"trainings": {"windows": {"mlp": "process"}}}, ("energy", "duration"), "window"),
        ({"country_data": {"sha256": "00"}}, ("emissions",), "edition"),
        ({"factors": {"source_cost.csv": "00"}}, ("cost",), "edition"),
    ],
)
def test_what_may_not_be_compared_has_a_reason_and_no_ratio(pair, parts, kinds, remark):
    row = row_of(compare([pair[0], changed(pair[1], **parts)]))
    for kind in ("score", "energy", "duration", "emissions", "cost"):
        value = row["score_diff" if kind == "score" else f"{kind}_ratio"]
        if kind in kinds:
            assert (row[f"{kind}_comparable"], row[f"{kind}_remark"]) == (False, remark)
            assert np.isnan(value)
        elif remark != "data":
            assert row[f"{kind}_comparable"] == (not np.isnan(value))


def test_measured_beside_estimated_energy_has_no_ratio(pair):
    runs = pair[1].runs.assign(energy_quality="measured")
    row = row_of(compare([pair[0], replace(pair[1], runs=runs)]))
    assert (row["energy_remark"], row["score_comparable"]) == ("quality", True)


def test_measured_energies_of_two_machines_compare(pair):
    both = [replace(one, runs=one.runs.assign(energy_quality="measured")) for one in pair]
    row = row_of(compare([both[0], changed(both[1], hardware=ELSEWHERE)]))
    assert row["energy_ratio"] == pytest.approx(2)
    assert row["energy_remark"] is None or pd.isna(row["energy_remark"])


def test_partly_estimated_energies_of_two_machines_compare_with_care(pair):
    both = [replace(one, runs=one.runs.assign(energy_quality="mixed")) for one in pair]
    row = row_of(compare([both[0], changed(both[1], hardware=ELSEWHERE)]))
    assert (row["energy_comparable"], row["energy_remark"]) == (True, "partly_modelled")
    assert "partly_modelled" in CAUTIONS


@pytest.mark.parametrize("place", [0, 1])
def test_disturbed_trainings_are_compared_with_care_and_win_nothing_for_sure(pair, place):
    # The other way round: what takes half the energy would win.
    ordered = pair[::-1]
    ordered[place] = changed(ordered[place], trainings={"disturbed": 1})
    table = compare(ordered)
    rows = table[(table["study"] == "first") & (table["at"] == "sufficient")]
    assert rows["energy_remark"].tolist() == rows["duration_remark"].tolist() == ["disturbed"]
    assert rows["energy_ratio"].item() == pytest.approx(0.5)
    page = build_comparison(ordered, table, "en", REPORT_DIR)
    assert "Not sure: first reaches a result that is as good" in page
    assert "Least energy for a result" not in page


def test_another_seed_does_not_pair(pair):
    runs = pair[1].runs.assign(seed=pair[1].runs["seed"] + 100)
    row = row_of(compare([pair[0], replace(pair[1], runs=runs)]))
    assert row["n_pairs"] == 0
    assert row["energy_ratio_low"] < 2 < row["energy_ratio_high"]


def test_no_answer_in_one_is_no_comparison_at_the_size_that_is_enough(pair):
    answer = json.loads(json.dumps(pair[1].recommendation))
    answer["results"][0]["configured"]["sufficient_n_train"] = None
    table = compare([pair[0], replace(pair[1], recommendation=answer)])
    row = row_of(table, "sufficient")
    assert (row["energy_remark"], row["energy_comparable"]) == ("no_answer", False)
    assert pd.isna(row["n_train"])
    assert row_of(table)["energy_ratio"] == pytest.approx(2)
    page = build_comparison(pair, table, "en", REPORT_DIR)
    assert "At the sizes that are enough, no energy is compared with that of first" in page
    assert "Nothing is compared" not in page


@pytest.mark.parametrize("obstacle", ["baseline_not_beaten", "margin_too_wide"])
def test_as_good_as_a_constant_guess_is_no_verdict(pair, obstacle):
    assert row_of(compare(pair))["score_verdict"] == "non_inferior"
    answer = json.loads(json.dumps(pair[0].recommendation))
    for result in answer["results"]:
        result["configured"] |= {"no_recommendation": obstacle, "sufficient_n_train": None}
    both = [replace(pair[0], recommendation=answer), pair[1]]
    table = compare(both)
    row = row_of(table)
    assert row["score_verdict"] is None or pd.isna(row["score_verdict"])
    assert (row["score_remark"], row["score_comparable"]) == (obstacle, True)
    page = build_comparison(both, table, "en", REPORT_DIR)
    assert "which cannot be tested" in page
    assert "constant guess" in page
    assert "shown to be smaller than the margin" not in page


@pytest.mark.slow
@pytest.mark.parametrize("language", COMPARISON_FILES)
def test_the_page_states_the_table_and_runs_nothing(pair, language):
    table = compare([pair[0], changed(pair[1], hardware=ELSEWHERE)])
    page = build_comparison(pair, table, language, REPORT_DIR)
    read = Page(page)
    assert not any(tag == "script" for tag, _ in read.elements)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    catalogue = load_catalogue(sorted((REPORT_DIR / "locale" / language).glob("*.yaml")))
    assert catalogue["comparison.remark.power_models"] in page
    told = build_comparison(pair, compare(pair), language, REPORT_DIR)
    assert catalogue["comparison.best.none"].format(baseline="first") in told
    assert ("2.00" if language == "en" else "2,00") in told
    other = build_comparison(pair[::-1], compare(pair[::-1]), language, REPORT_DIR)
    assert ("0.500" if language == "en" else "0,500") in other.partition("</div>")[0]


def test_no_difference_has_the_digits_of_its_bounds(pair):
    """Of two studies with the same scores, whole points would hide bounds below one."""
    table = compare(pair)
    assert set(table["score_diff"].dropna()) == {0.0}
    table["score_diff_lower"], table["score_diff_upper"] = -0.0075, 0.0025
    assert "0.000 (−0.750 to 0.250)" in build_comparison(pair, table, "en", REPORT_DIR)


def test_only_what_is_compared_with_is_called_a_baseline(pair):
    """The first study has two models, and the other one only the second of them."""
    table = compare(pair)
    model = table["model"].iloc[0]
    unused = table[table["is_baseline"]].assign(model="unused", baseline_model="unused")
    page = build_comparison(pair, pd.concat([unused, table]), "en", REPORT_DIR)
    assert f"Ratios to first ({model}) at" in page
    assert "first (unused) with less energy" not in page


def test_one_reason_stands_once_for_all_that_it_is_about(pair):
    table = compare(pair)
    other = ~table["is_baseline"]
    table.loc[other, "energy_remark"] = "components"
    both = pd.concat([table, table[other].assign(model="another")])
    page = build_comparison(pair, both, "en", REPORT_DIR)
    model = table["model"].iloc[0]
    assert f"second ({model}), second (another) – energy: the meters read" in page
    assert page.count("the meters read different components") == 1


def test_a_study_s_name_and_words_are_escaped(pair):
    evil = changed(pair[1], hardware=[{"cpu": "<script>alert(1)</script>", "gpu": None}])
    page = build_comparison([pair[0], evil], compare([pair[0], evil]), "en", REPORT_DIR)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("language", COMPARISON_FILES)
def test_every_remark_has_its_words(language):
    catalogue = load_catalogue(sorted((REPORT_DIR / "locale" / language).glob("*.yaml")))
    assert {f"comparison.remark.{remark}" for remark in REMARKS} <= set(catalogue)


@pytest.mark.parametrize(
    ("named", "others", "said"),
    [
        ([], [], "no study is named"),
        (["a"], [], 'studies names only "a"'),
        (["a", "b", "a"], [], 'studies names "a" twice'),
        ([], ["own"], 'compare_with names "own", which is this study itself'),
        ([*"abcdefghi"], [], "gives 9 studies, but at most 8"),
    ],
)
def test_one_study_and_the_same_study_twice_are_refused(named, others, said):
    with pytest.raises(ConfigError, match=said) as caught:
        names_to_compare(named, "own", others)
    assert "\n" not in str(caught.value)


def test_the_study_of_the_file_comes_first():
    assert names_to_compare([], "own", ["b", "a"]) == ["own", "b", "a"]
    assert names_to_compare(["b", "a"], "own", ["c"]) == ["b", "a"]


def test_a_study_without_results_is_refused_with_its_command(folder, tmp_path):
    (tmp_path / "mine.yaml").write_text("study: third\n")
    with pytest.raises(ConfigError, match=r'"third" is not finished.*--configfile .*mine\.yaml'):
        require_finished(["first", "third"], folder, tmp_path)
    with pytest.raises(ConfigError, match=r'no study is called "thrid".*finished here: first, sec'):
        require_finished(["first", "thrid"], folder, tmp_path)


@pytest.mark.parametrize("file", FILES)
def test_a_half_finished_study_is_refused_with_what_is_missing(folder, tmp_path, file):
    results = tmp_path / "results"
    shutil.copytree(folder, results)
    (results / "second" / file).unlink()
    with pytest.raises(ConfigError, match=Path(file).name):
        require_finished(["first", "second"], results, tmp_path)


def test_changed_results_have_another_digest(folder, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(folder, results)
    before = require_finished(["first", "second"], results, tmp_path)
    path = results / "second/recommendation.json"
    path.write_text(path.read_text() + "\n")
    after = require_finished(["first", "second"], results, tmp_path)
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_folder_that_is_another_study_s_is_refused(folder, tmp_path):
    shutil.copytree(folder / "first", tmp_path / "copied")
    with pytest.raises(RecordError, match='is of the study "first", not of "copied"'):
        read_finished("copied", tmp_path)
