"""What follows from runs that exist already: tables, methods, exports, and both reports."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from synthetic import (
    REPORT_DIR,
    ROOT,
    blank_svgs,
    load_method_inputs,
    make_claims,
    make_provenance,
    make_record,
    make_runs,
    make_study,
)

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.sources import load_sources
from ecosobriety.exporting import boamps_report, citation
from ecosobriety.exporting.boamps import _data_type
from ecosobriety.figures import draw
from ecosobriety.imported import read_imports
from ecosobriety.imported.roles import FINISHED, UNFINISHED
from ecosobriety.methods.inputs import thermal_power_w
from ecosobriety.methods.method import NotApplicableError
from ecosobriety.metrics import ACCURACY
from ecosobriety.reporting import build_report
from ecosobriety.reporting.cautions import warnings
from ecosobriety.reporting.efficiency import efficiency
from ecosobriety.reporting.hardware import hardware_table, hardware_warning
from ecosobriety.reporting.measurement import measurement
from ecosobriety.reporting.poster_foot import measured
from ecosobriety.study_config.config import import_spec
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

PAGE = (ROOT / "docs/how-to/own-runs.md").read_text(encoding="utf-8")
UNKNOWN = (
    *("epochs", "steps", "batch_size", "test_loss", "train_duration_s", "energy_cpu_kwh"),
    *("energy_gpu_kwh", "energy_ram_kwh", "eval_energy_kwh", "flop_forward", "flop_train"),
    *("device", "accelerator", "threads", "peak_memory_mb", "short_window", "attempt"),
)
MODEL = {"name": "llm", "runs": "my_runs.csv"}


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S)


def few_runs():
    """Three sizes and seeds: quicker than the whole study."""
    runs = make_runs()
    few = runs["n_train"].isin([10_000, 30_000, 60_000]) & (runs["seed"] <= 3)
    return runs[few].reset_index(drop=True)


def imported_runs(**known):
    runs = few_runs().astype(dict.fromkeys(UNKNOWN, object))
    runs = runs.assign(**dict.fromkeys(UNKNOWN, None), energy_quality="imported")
    return check_table(
        "runs", runs.assign(model="llm", energy_source="my_runs.csv, row 1", **known)
    )


def small_study(runs):
    countries = load_countries()
    few = countries["country_iso3"].isin(["FRA", "DEU", "POL", "NOR"])
    countries = countries[few].reset_index(drop=True)
    sources = load_sources(ROOT / "config/factors/poster/source_intensity.csv")
    return make_study(runs, countries=add_mix_intensity(countries, sources))


def make_imported(runs):
    study = small_study(runs)
    study.config["models"] = [MODEL]
    provenance = make_provenance(study)
    provenance["trainings"] |= dict.fromkeys(("first_started_at", "last_ended_at"))
    provenance["trainings"]["windows"] = {"llm": "imported"}
    provenance["components"] = [{}]
    return study, provenance


@pytest.fixture(scope="module")
def imported():
    return make_imported(imported_runs(device=[None, "A100", "A100"] * 3))


def words(page):
    text = re.sub(r"(?s)<(script|style|svg|pre).*?</\1>", "", page)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "llm was not trained here: its 9 runs and their energies are imported from my_runs",
        ),
        ("fr", "9 exécutions et leurs énergies sont importées de my_runs.csv"),
    ],
)
def test_a_report_says_that_runs_were_imported(imported, language, said):
    study, provenance = imported
    claims = make_claims(study)
    page = words(build_report(study, claims, provenance, language, blank_svgs(study), REPORT_DIR))
    assert said in page
    assert not re.search(r"\b(nan|NaN|None|NaT)\b", page)
    for wrong in ("one at a time", "un à la fois", "first batch", "du premier lot", "CPU time"):
        assert wrong not in page[page.index(said) : page.index(said) + 1500]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "trainings on unknown hardware."), ("fr", "sur un matériel inconnu.")],
)
def test_the_hardware_of_a_table_without_it_is_unknown(language, said):
    study, provenance = make_imported(imported_runs())
    text = Texts.load(language, REPORT_DIR / "locale").of(study.metric)
    assert said in measured(study.cases()[0], provenance, text)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "has learnt nothing would score is not known"), ("fr", "On ignore ce")],
)
def test_a_baseline_that_is_not_known_is_a_caution(imported, language, said):
    study, _ = imported
    text = Texts.load(language, REPORT_DIR / "locale").of(study.metric)
    for baseline in (0.5, None):
        known = replace(study, recommendation={**study.recommendation, "baseline": baseline})
        told = warnings(known.cases()[0], text)
        assert any(said in sentence for sentence in told) == (baseline is None)


def test_what_codecarbon_recorded_is_named(imported):
    study, provenance = imported
    text = Texts.load("en", REPORT_DIR / "locale").of(study.metric)
    own = {**study.config, "models": [{**MODEL, "emissions": "emissions.csv"}]}
    said = measurement(replace(study, config=own), provenance, text)
    assert "the energy from emissions.csv, where CodeCarbon recorded it" in said["sentences"][0]
    assert said["components"] is None


def unrecorded(study):
    """The same study where CodeCarbon recorded none of the runs."""
    methods = study.methods.assign(ratio_to_codecarbon=None)
    codecarbon = methods["method"].str.startswith("codecarbon")
    methods.loc[codecarbon, ["energy_kwh", "emissions_g"]] = None
    return replace(study, methods=methods.assign(applies=methods["applies"] & ~codecarbon))


def page_of(study, provenance, language="en"):
    return words(build_report(study, None, provenance, language, blank_svgs(study), REPORT_DIR))


NOT_KNOWN = {
    "en": "number of epochs|dashed line|multiple of CodeCarbon|No other method|nested|shorter than"
    "|no energy was lost|do they agree|do agree",
    "fr": "nombre d’époques|tiretée|multiple de celles|Aucune autre méthode|emboîtés|moins de 1 s"
    "|aucune énergie n|accordent pour dire",
}


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (None, r"on Unnamed\. Energy imported"),
        ("2026-01-31T12:00:00Z", r"on Unnamed, until [^.]*2026[^.]*\. Energy imported"),
    ],
)
def test_where_and_when_imports_were_run_is_not_made_up(imported, ended, said):
    study, provenance = imported
    study = replace(study, runs=study.runs.assign(device="Unnamed"))
    known = {**provenance["trainings"], "last_ended_at": ended}
    assert re.search(said, page_of(study, {**provenance, "trainings": known}))


@pytest.mark.slow
@pytest.mark.parametrize("language", NOT_KNOWN)
def test_nothing_is_said_of_imports_that_is_not_known(imported, language):
    study, provenance = imported
    study = unrecorded(study)
    study = replace(
        study, runs=study.runs.assign(lost_energy_kwh=0.0, short_window=[False] * len(study.runs))
    )
    page = page_of(study, provenance, language)
    assert not re.findall(NOT_KNOWN[language], page)
    assert ("recorded none" if language == "en" else "mesuré aucun") in page
    ours = {**study.config, "models": [{"name": "llm"}]}
    assert (
        len(
            set(
                re.findall(
                    "nested|number of epochs|emboîtés|nombre d’époques",
                    page_of(replace(study, config=ours), provenance, language),
                )
            )
        )
        == 2
    )


def test_epochs_are_those_of_the_imported_table(imported):
    study, _ = imported
    text = Texts.load("en", REPORT_DIR / "locale").of(study.metric)

    def said(models=(MODEL,), **known):
        config = {**study.config, "models": models}
        runs = study.runs.assign(**known)
        return efficiency(replace(study, config=config, runs=runs), text)["budget"]

    assert said() == []
    assert said(epochs=3.0) == ["With llm, every run had 3 epochs."]
    (differ,) = said(epochs=[5.0, 2.5, 3.0] * 3)
    assert differ.startswith("With llm, the runs had from 2.50 to 5 epochs")
    command = {"name": "llm", "command": "train {n_train} {seed} {scores}"}
    assert said((command,)) == []
    assert said(({"name": "llm"},))[0].startswith("In this study every size is trained for")


@pytest.mark.parametrize("name", ["methods", "pareto"])
def test_figures_that_compare_are_drawn(imported, name):
    study, _ = imported
    text = Texts.load("fr", REPORT_DIR / "locale").of(study.metric)
    assert draw(name, study, text).axes


def test_methods_say_why_they_state_nothing(imported):
    study, _ = imported
    silent = study.methods[~study.methods["applies"]]
    assert set(silent["method"]) >= {"wall_time", "ml_co2_impact", "green_algorithms", "strubell"}
    assert silent["reason"].notna().all()
    assert silent["energy_kwh"].isna().all()


def test_several_kinds_of_hardware_are_named_though_one_is_unknown(imported):
    study, _ = imported
    text = Texts.load("en", REPORT_DIR / "locale").of(study.metric)
    (case,) = study.cases()
    said = hardware_warning(case, text)
    assert "unknown hardware (trainings: 3)" in said
    assert "A100 (trainings: 6)" in said
    shares = [[cell.text for cell in row] for row in hardware_table(case, text).rows]
    assert {row[0] for row in shares} == {"unknown hardware", "A100"}
    assert {row[-1] for row in shares if row[1] == "60,000"} == {"100%"}


def test_the_poster_s_energy_is_compared_without_a_word_on_power_models(imported):
    study, _ = imported
    used = {name for checked in make_claims(study) for name in checked.finding.sentences}
    assert "imported" in used
    assert "estimated" not in used


def test_exports_leave_out_what_is_not_known(imported):
    nothing = dict.fromkeys([*UNKNOWN, "started_at", "ended_at"])
    record = make_record(
        **nothing,
        window="imported",
        energy_quality="imported",
        energy_source="my_runs.csv, row 1",
        components={},
        hardware={},
        metering={"tool": None, "version": None, "country_iso3": None},
        training={"runs": "my_runs.csv", "row": 1},
    )
    dataset = {"name": "mine", "input_shape": None, "task": "classification"}
    report = boamps_report(record, dataset)
    assert report["header"]["reportId"] == record.identity
    assert report["measures"] == [
        {"measurementMethod": "my_runs.csv, row 1", "powerConsumption": record.energy_kwh}
    ]
    assert "quality" not in report
    (data,) = report["task"]["dataset"]
    assert data["dataType"] == "other"
    _, provenance = imported
    software = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    for language, said in (("en", "9 imported trainings"), ("fr", "9 entraînements importés")):
        text = Texts.load(language, REPORT_DIR / "locale")
        assert said in citation(provenance, software, text)


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [
        ({"name": "digits", "input_shape": [8, 8], "features": None}, "image"),
        ({"name": "cats", "input_shape": [64, 64, 3], "origin": "image-folder cats"}, "image"),
        ({"name": "har", "input_shape": [64, 6], "origin": "npz har.npz"}, "other"),
        (
            {"name": "wine", "input_shape": [11], "features": ["a"], "origin": "csv w.csv"},
            "tabular",
        ),
    ],
)
def test_what_data_are_is_said_where_it_is_known(dataset, kind):
    assert _data_type(dataset) == kind


COMPARED = {
    "metering": {"country": "FRA"},
    "metric": {"margin": "absolute"},
    "analysis": {"margin": 0.01},
}


def test_the_page_s_table_is_read(tmp_path):
    study = yaml.safe_load(blocks("yaml")[0])
    study |= COMPARED
    study["dataset"]["test_examples"] = None
    (tmp_path / "my_runs.csv").write_text(blocks("csv")[0])
    spec = import_spec(study, study["models"][0])
    found = read_imports(spec, study["grid"]["n_train"], study["grid"]["seeds"], ACCURACY, tmp_path)
    assert len(found.runs) == 9
    assert found.notes == []


EXPORTS = {
    "mlflow.csv": "status,start_time,end_time,metrics.test_acc,metrics.energy_kwh,params.n_train,"
    "params.seed\nFINISHED,2026-01-01 10:00:00+00:00,2026-01-01 11:00:00+00:00,0.9,0.5,100,1\n",
    "wandb.csv": '"Name","State","Runtime","train_size","seed","test/acc","energy"\n'
    '"run-1","finished","3600","100","1","0.9","0.5"\n',
}
"""A run of each tool, with the columns that the page names."""


def test_the_page_lists_all_states():
    for kind, states in (("used", FINISHED), ("not used", UNFINISHED)):
        listed = re.search(rf"^- {kind}:((?:.|\n  )*)$", PAGE, re.M)[1]
        assert re.findall(r"`(\w+)`", listed) == sorted(states)


@pytest.mark.parametrize("block", blocks("yaml")[2:])
def test_the_page_s_mappings_are_read(block, tmp_path):
    found = yaml.safe_load(block)
    model = (found["models"] if isinstance(found, dict) else found)[0]
    (tmp_path / model["runs"]).write_text(EXPORTS[model["runs"]])
    study = {"dataset": {"name": "mine", "test_examples": None}, **COMPARED}
    read = read_imports(import_spec(study, model), [100], [1], ACCURACY, tmp_path)
    assert read.runs[100, 1].energy.kwh == 0.5


@pytest.mark.slow
def test_imported_and_trained_models_stand_in_one_table():
    trained = few_runs()
    both = pd.concat([trained.astype(object), imported_runs().astype(object)])
    study = small_study(check_table("runs", both.reset_index(drop=True)))
    study.config["models"] = [{"name": str(trained["model"].iloc[0])}, MODEL]
    provenance = make_provenance(study)
    provenance["trainings"]["windows"]["llm"] = "imported"
    provenance["components"].append({})
    page = words(build_report(study, None, provenance, "en", blank_svgs(study), REPORT_DIR))
    assert "9 trainings (models × sizes × seeds: 1 × 3 × 3)" in page
    assert "llm was not trained here" in page
    assert Path(MODEL["runs"]).name in page
    # Each is said of its own trainings alone.
    assert "The energy of 9 trainings comes from power models." in page
    assert "The imported runs together used" in page
    assert re.search(
        r"9 trainings on A processor in France[^.]*\d{4}\. [^.]*\. Imported beside", page
    )
    said = measured(study.cases()[1], provenance, Texts.load("en", REPORT_DIR / "locale"))
    assert said.endswith("Energy imported, not measured here. Done here beside them: 9.")


def test_a_device_of_the_table_says_itself_whether_it_is_a_graphics_processor():
    inputs = load_method_inputs()
    fields = {"accelerator": None, "hardware": {}, "window": "imported"}
    graphics = make_record(device="NVIDIA A100-SXM4-80GB", **fields)
    assert not inputs.on_cpu(graphics)
    assert thermal_power_w(inputs, graphics) == 400
    with pytest.raises(NotApplicableError, match="whether it ran on a cpu or on cuda"):
        inputs.on_cpu(make_record(device="an abacus", **fields))
    with pytest.raises(NotApplicableError, match="the device that it ran on is not known"):
        inputs.on_cpu(make_record(device=None, **fields))
