"""The forms in which a study discloses what it measured: every number, and what is left out."""

import json
import re
from dataclasses import replace

import jsonschema
import pandas as pd
import pytest
import yaml
from boamps_schema import REPORT
from codecarbon.output_methods.boamps.models import BoAmpsReport
from disclosure_cases import (
    CARD,
    FILES,
    FRANCE_G,
    HOSTILE,
    SOFTWARE,
    STUDIES,
    TEXTS,
    disclosed_of,
    make_study,
    records_of,
    worked_runs,
)
from markdown_it import MarkdownIt
from test_imported_report import MODEL, UNKNOWN

from ecosobriety.exporting import boamps_records, disclose
from ecosobriety.exporting.amounts import ModelAmounts
from ecosobriety.exporting.citation import citation
from ecosobriety.exporting.latex import escape
from ecosobriety.tables import check_table


@pytest.fixture(scope="module")
def worked():
    study = make_study(worked_runs(), margin=0.01)
    study.config["metering"]["pue"] = 1.2
    return disclosed_of(study)


@pytest.fixture(scope="module")
def forms(worked):
    return disclose(worked)


def rendered(markdown):
    return MarkdownIt().render(markdown)


def test_each_form_is_there_in_the_languages_of_the_study(worked, forms):
    assert set(forms) == FILES
    english = disclose(replace(worked, texts=TEXTS[:1]))
    assert {name for name in english if ".fr." in name} == set()
    assert "examples" in english["paper.txt"]
    assert "exemples" not in english["paper.txt"]
    assert {"examples", "exemples"} <= set(re.findall(r"\w+", forms["paper.txt"]))


def test_a_model_card_states_one_training_at_the_reference(forms):
    card = yaml.safe_load(forms["hf_co2.yaml"])
    stated = card["co2_eq_emissions"]
    assert {name: type(value) for name, value in stated.items()} == CARD
    # 4 Wh x 1.2 x 56.039 g/kWh
    assert stated["emissions"] == pytest.approx(0.004 * 1.2 * FRANCE_G)
    assert stated["training_type"] == "pre-training"
    assert stated["hardware_used"] == "A processor"
    beside = card["ecosobriety"]
    assert beside["emissions_are_of"] == "reference"
    kwh = {kind: entry["energy_kwh"] for kind, entry in beside["trainings"].items()}
    # 3 x (2 + 4) Wh and 3 Wh in failed attempts
    assert kwh == pytest.approx({"reference": 0.004, "sufficient": 0.002, "study": 0.021})
    assert [item["field"] for item in beside["left_out"]] == ["market_based_g"]


def test_sci_counts_evaluation_intermediate_runs_and_failures(forms):
    content = json.loads(forms["sci_ai.json"])
    (model,) = content["models"]
    reference, sufficient = (model["per_training"][kind] for kind in ("reference", "sufficient"))
    # (4 + 1) Wh and (2 + 1) Wh
    assert reference["operational_g"] == pytest.approx(0.005 * 1.2 * FRANCE_G)
    assert sufficient["operational_g"] == pytest.approx(0.003 * 1.2 * FRANCE_G)
    assert reference["operational_g_per_flop"] == pytest.approx(0.005 * 1.2 * FRANCE_G / 2e12)
    # Six trainings (18 Wh), a failed attempt (3 Wh), six evaluations (6 Wh); 9 TFLOP.
    study = model["study"]
    assert study["operational_g"] == pytest.approx(0.027 * 1.2 * FRANCE_G)
    assert study["flop"] == 9e12
    assert study["operational_g_per_flop"] == pytest.approx(0.027 * 1.2 * FRANCE_G / 9e12)
    assert content["study_total"]["operational_g"] == pytest.approx(study["operational_g"])
    for entry in (reference, sufficient, study, content["study_total"]):
        assert entry["embodied_g"] is entry["total_g"] is entry["sci_g_per_flop"] is None
    fields = {item["field"] for item in content["left_out"]}
    assert fields == {"embodied_g, total_g, sci_g_per_flop", "market_based_operational_g"}


@pytest.mark.slow
def test_of_several_models_a_reason_is_given_once_and_the_levers_are_told():
    runs = pd.concat([worked_runs(), worked_runs().assign(model="cnn")])
    forms = disclose(disclosed_of(make_study(runs, margin=0.01)))
    for name in ("paper.txt", "afnor_spec_2314.fr.md"):
        (line,) = [line for line in forms[name].splitlines() if "fondées sur le marché" in line]
        assert "mlp, cnn\xa0: " in line
    for name in ("paper.txt", "afnor_spec_2314.en.md"):
        assert "The cheapest setting that is not worse than the reference" in forms[name]


def test_embodied_emissions_have_one_place(worked, monkeypatch):
    monkeypatch.setattr(ModelAmounts, "embodied_g", lambda _, trained_s: trained_s / 3600)
    content = json.loads(disclose(worked)["sci_ai.json"])
    study = content["models"][0]["study"]
    # 3 x (1 + 2) hours
    assert study["embodied_g"] == pytest.approx(9)
    assert study["sci_g_per_flop"] == pytest.approx((0.027 * 1.2 * FRANCE_G + 9) / 9e12)
    assert not [item for item in content["left_out"] if "embodied" in item["field"]]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("60,000 examples: 2,000,000,000,000 FLOP", "2.00 h for one", "4.00 Wh for one")),
        ("fr", ("60 000 exemples : 2 000 000 000 000 FLOP", "2,00 h pour", "4,00 Wh pour un")),
    ],
)
def test_the_sheet_of_the_ai_act_states_data_operations_time_and_energy(forms, language, words):
    page = re.sub(r"\s", " ", forms[f"ai_act_annex_xi.{language}.md"])
    for word in (*words, "c59f" * 16, "https://example.org/fashion-mnist", "30", "21.0 Wh"):
        assert word.replace("21.0", "21,0" if language == "fr" else "21.0") in page, word


def test_the_evidence_sheet_says_what_the_study_shows_of_the_need(forms):
    assert "more than 30,000 examples are not needed" in forms["afnor_spec_2314.en.md"]
    assert "plus de 30\N{NARROW NO-BREAK SPACE}000" in forms["afnor_spec_2314.fr.md"]


def test_nothing_of_a_title_or_a_name_is_markup(worked, forms):
    study = replace(worked.study, config={**worked.study.config, "title": HOSTILE})
    records = records_of(study.runs, device=HOSTILE)
    hostile = disclose(replace(worked, study=study, records=records))
    # What differs is what was given, letter by letter.
    for name in ("hf_co2.yaml", "sci_ai.json", "boamps_left_out.json"):
        read = json.loads if name.endswith("json") else yaml.safe_load
        assert set(read(hostile[name])) == set(read(forms[name]))
    assert json.loads(hostile["sci_ai.json"])["title"] == HOSTILE
    assert yaml.safe_load(hostile["hf_co2.yaml"])["co2_eq_emissions"]["hardware_used"] == HOSTILE
    tags = {
        form: {
            name: re.findall(r"<[^>]*>", rendered(page))
            for name, page in files.items()
            if name.endswith(".md")
        }
        for form, files in (("hostile", hostile), ("plain", forms))
    }
    assert tags["hostile"] == tags["plain"]
    assert escape(HOSTILE) in hostile["paper.tex"]
    for line in hostile["paper.tex"].splitlines():
        if not line.startswith("%"):
            assert not re.search(r"(?<!\\)[%&#_$]|\\input|[\^~]\w*\{\[", line)


@pytest.mark.parametrize(
    ("plain", "typeset"),
    [
        ("5 % & #1_a", r"5 \% \& \#1\_a"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a -- b --- c", "a -{}- b -{}-{}- c"),
        (
            "1,2\N{NARROW NO-BREAK SPACE}× 10⁻³",
            r"1,2\,\ensuremath{\times} 10\textsuperscript{-}\textsuperscript{3}",
        ),
        ("a\nb % c", r"a b \% c"),
        ('x^2 ~ "y"', r"x\textasciicircum{}2 \textasciitilde{} \char34{}y\char34{}"),
    ],
)
def test_latex_shows_each_letter(plain, typeset):
    assert escape(plain) == typeset


def test_boamps_records_hold_what_is_known_of_the_network_and_the_electricity(worked):
    reports = boamps_records(worked)
    assert len(reports) == 6
    for report in reports.values():
        jsonschema.validate(report, REPORT)
        assert BoAmpsReport.from_dict(report).to_dict() == report
    report = reports["fashion-mnist-mlp-n60000-seed1.json"]
    assert report["environment"] == {
        **{"country": "FRA", "powerSource": "other"},
        "powerSourceCarbonIntensity": FRANCE_G,
    }
    (algorithm,) = report["task"]["algorithms"]
    # 784 x 10 + 10 and 10 x 2 + 2, in billions
    assert algorithm["parametersNumber"] == pytest.approx(7872e-9)
    assert (algorithm["layersNumber"], algorithm["optimizer"]) == (2, "AdamW")
    assert report["task"]["dataset"][0]["sourceUri"] == "https://example.org/fashion-mnist"


@pytest.mark.parametrize(
    ("training", "optimizer", "known"),
    [
        ({"class_path": "my.Net"}, None, False),
        ({"class_path": "my.Net", "optimizer": {"class_path": "torch.optim.SGD"}}, "SGD", False),
        ({"class_path": "linear", "init_args": {}}, "AdamW", True),
    ],
)
def test_what_no_record_holds_of_a_network_is_left_out_and_listed(
    worked, training, optimizer, known
):
    records = records_of(worked.study.runs, training={"precision": "32-true", **training})
    own = replace(worked, records=records)
    (algorithm,) = next(iter(boamps_records(own).values()))["task"]["algorithms"]
    assert algorithm.get("optimizer") == optimizer
    assert ("parametersNumber" in algorithm) == ("layersNumber" in algorithm) == known
    listed = json.loads(disclose(own)["boamps_left_out.json"])["left_out"]
    reasons = {item["field"]: item["reason"] for item in listed}
    assert ("task.algorithms.parametersNumber" in reasons) == (not known)
    assert ("task.algorithms.optimizer" in reasons) == (optimizer is None)
    assert "environment.powerSource" not in reasons
    assert "idle machine" in reasons["measures.powerCalibrationMeasurement"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", STUDIES)
def test_every_kind_of_study_is_disclosed_without_holes(kind):
    make, no_sufficient = STUDIES[kind]
    disclosed = disclosed_of(make())
    made = disclose(disclosed)
    assert set(made) == FILES
    for name, content in made.items():
        assert not re.search(r"\b(nan|NaN|None|NaT)\b", content), name
        assert "µg" not in content or name.endswith(("yaml", "json")), name
    cards = list(yaml.safe_load_all(made["hf_co2.yaml"]))
    assert [card["ecosobriety"]["model"] for card in cards] == [
        model.case.model for model in disclosed.models
    ]
    sci = json.loads(made["sci_ai.json"])
    assert sci["study_total"]["operational_g"] == pytest.approx(
        sum(model["study"]["operational_g"] for model in sci["models"])
    )
    if no_sufficient:
        for card in cards:
            assert "sufficient" not in card["ecosobriety"]["trainings"]
            assert "sufficient" in [item["field"] for item in card["ecosobriety"]["left_out"]]
        reason = TEXTS[0](f"disclosure.unknown.sufficient.{no_sufficient}")
        assert reason in made["afnor_spec_2314.en.md"]
    if kind == "grown":
        full = cards[0]["ecosobriety"]["trainings"]["full"]
        assert (full["n_train"], full["estimated"]) == (60_000, True)


def imported(**columns):
    """Six runs of 3 Wh that existed before: all of the study's own, its failed attempt too."""
    runs = worked_runs().astype(dict.fromkeys(UNKNOWN, object))
    runs = runs.assign(**dict.fromkeys(UNKNOWN, None), model="llm", **columns)
    runs = check_table("runs", runs.assign(energy_quality="imported", energy_source="a, row 1"))
    study = make_study(runs)
    study.config["models"] = [MODEL]
    return study, runs


def test_a_table_that_holds_failed_runs_discloses_their_energy():
    study, runs = imported()
    made = disclose(disclosed_of(study, records_of(runs, window="imported")))
    (of_study,) = (model["study"] for model in json.loads(made["sci_ai.json"])["models"])
    assert of_study["failed_kwh"] == pytest.approx(0.003)
    # 21 Wh, of which one training at the largest size takes 4.
    words = "took 21.0 Wh to train, 3.00 Wh of it in failed attempts. That is as much as 5.2 train"
    assert words in made["paper.txt"].replace("\N{NO-BREAK SPACE}", " ")


def test_of_data_that_nobody_has_read_no_form_claims_a_digest(worked, forms):
    data = {**worked.provenance["dataset"], "declared": True, "identity": "0bed" * 16}
    del data["sha256"]
    disclosed = replace(worked, provenance={**worked.provenance, "dataset": data})
    made = disclose(disclosed)
    said = {"en": "has no digest of", "fr": "a pas d’empreinte"}
    for number, (language, words) in enumerate(said.items()):
        made[f"CITATION.{language}.txt"] = citation(disclosed.provenance, SOFTWARE, TEXTS[number])
        for form in ("ai_act_annex_xi", "afnor_spec_2314"):
            assert made[f"{form}.{language}.md"].count(words) == 1
    assert not re.search("sha256|data’s digest|empreinte des données|0bed", "".join(made.values()))
    # Of data that the study has prepared, the digest is that of their content.
    assert "sha256 c59fc59f" in forms["ai_act_annex_xi.en.md"]
    assert "the data’s digest" in forms["afnor_spec_2314.en.md"]
    assert "empreinte des données" in forms["afnor_spec_2314.fr.md"]


@pytest.mark.slow
def test_imported_runs_disclose_what_their_table_says_and_no_more():
    study, runs = imported(lost_energy_kwh=0.0)
    nothing = dict.fromkeys(("started_at", "ended_at", "other_cpu_share"))
    records = records_of(
        runs,
        **nothing,
        window="imported",
        components={},
        hardware={},
        versions={},
        metering={"tool": None, "version": None, "country_iso3": None},
        training={"runs": "a.csv", "row": 1},
        missing={"flop_train": "the imported table does not say it"},
    )
    changes = {"declared": True, "input_shape": None, "test_examples": None, "origin": "declared"}
    made = disclose(disclosed_of(study, records, **changes))
    card = yaml.safe_load(made["hf_co2.yaml"])
    assert set(card["co2_eq_emissions"]) == {"emissions", "source"}
    # No meter is named where none is known.
    assert re.match(r"Ecosobriety [\d.]+: one training", card["co2_eq_emissions"]["source"])
    sci = json.loads(made["sci_ai.json"])
    fields = {item["field"]: item["reason"] for item in sci["left_out"]}
    assert {"failed_kwh", "evaluation_kwh", "flop"} <= set(fields)
    assert "the imported table does not say it" in fields["flop"]
    assert sci["models"][0]["study"]["flop"] is None
    page = made["ai_act_annex_xi.fr.md"]
    assert TEXTS[1]("reason.not_in_table") in page
    assert not re.search(r"\b(nan|None|FLOP pour)\b", page)


def test_a_command_says_what_it_reports_and_no_more(worked):
    records = records_of(
        worked.study.runs,
        window="process",
        training={"command": "train {n_train} {seed} {scores}"},
        missing={"eval_energy_kwh": "it is part of the command's own energy"},
    )
    runs = worked.study.runs.assign(eval_energy_kwh=None, flop_train=None)
    study = replace(worked.study, runs=check_table("runs", runs))
    own = replace(worked, study=study, records=records)
    made = disclose(own)
    card = yaml.safe_load(made["hf_co2.yaml"])
    assert set(card["co2_eq_emissions"]) == {*CARD} - {"training_type"}
    sci = json.loads(made["sci_ai.json"])
    # Without evaluations, whose energy is in the trainings': 18 Wh, and 3 Wh in a failed attempt.
    assert sci["study_total"]["operational_g"] == pytest.approx(0.021 * 1.2 * FRANCE_G)
    assert sci["study_total"]["flop"] is None
    reasons = {item["field"]: item["reason"] for item in sci["left_out"]}
    assert reasons["evaluation_kwh"] == (
        "mlp: the energy of the tests is not known (it is part of the command’s own energy)"
    )
    assert reasons["flop"] == (
        "mlp: the number of operations is not known (the records do not hold it)"
    )
    for report in boamps_records(own).values():
        jsonschema.validate(report, REPORT)


@pytest.mark.parametrize(
    ("origin", "public"),
    [
        ("https://example.org/a.csv", True),
        ("https://anna:secret@example.org/a.csv", False),
        ("https://token@example.org/a.csv", False),
        ("/home/anna/a.csv", False),
        ("https://[/a.csv", False),
        ("https:///a.csv", False),
        ("scikit-learn 1.9.1", False),
        (None, False),
    ],
)
def test_only_a_public_address_is_disclosed(worked, origin, public):
    provenance = worked.provenance
    dataset = {**provenance["dataset"], "origin": origin}
    own = replace(worked, provenance={**provenance, "dataset": dataset})
    said = disclose(own)["ai_act_annex_xi.en.md"]
    assert ("Origin: " in said) == public
    assert "secret" not in said
    report = next(iter(boamps_records(own).values()))
    assert ("sourceUri" in report["task"]["dataset"][0]) == public


def test_an_unknown_intensity_leaves_emissions_out(worked):
    study = worked.study
    none = dict.fromkeys(
        c for c in study.scenarios.columns if c.startswith(("emissions", "intensity"))
    )
    blank = replace(study, scenarios=study.scenarios.assign(**none))
    models = replace(worked, study=blank).models
    assert models[0].electricity.g_per_kwh is None
    assert models[0].electricity.emissions_g(1.0) is None


@pytest.mark.parametrize(("country", "known"), [("POL", True), ("DEU", False)])
def test_a_record_has_the_intensity_of_the_country_that_it_names(worked, country, known):
    metering = {"tool": None, "version": None, "country_iso3": country}
    own = replace(worked, records=records_of(worked.study.runs, metering=metering))
    place = next(iter(boamps_records(own).values()))["environment"]
    table = worked.study.countries.set_index("country_iso3")["intensity_g_per_kwh"]
    assert place["country"] == country
    assert place.get("powerSourceCarbonIntensity") == (table[country] if known else None)
