"""Studies of every kind, of which the forms are filled in."""

import pandas as pd
import yaml
from synthetic import (
    REPORT_DIR,
    ROOT,
    decisions_at,
    make_intake,
    make_provenance,
    make_record,
    make_runs,
)
from synthetic import make_study as any_study

from ecosobriety.datasets.intake import Baseline
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.sources import load_sources
from ecosobriety.exporting import Disclosed
from ecosobriety.metrics import RMSE
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

LANGUAGES = ("en", "fr")
TEXTS = [Texts.load(language, REPORT_DIR / "locale") for language in LANGUAGES]
SOFTWARE = yaml.safe_load((ROOT / "CITATION.cff").read_text())
FILES = {
    *("hf_co2.yaml", "sci_ai.json", "boamps_left_out.json", "paper.tex", "paper.txt"),
    *("ai_act_annex_xi.en.md", "ai_act_annex_xi.fr.md"),
    *("afnor_spec_2314.en.md", "afnor_spec_2314.fr.md"),
}
# As https://huggingface.co/docs/hub/model-cards-co2 lists them.
CARD = {
    "emissions": float,
    "source": str,
    "training_type": str,
    "geographical_location": str,
    "hardware_used": str,
}
FRANCE_G = 56.039
HOSTILE = r"50% & <script>x</script> \input{a} $x$ #1 _y_ ~ ^ [a](b) | ``` *b* ![i](j)" + "'\""


def make_study(runs, **options):
    sources = load_sources(ROOT / "config/factors/poster/source_intensity.csv")
    countries = load_countries()
    few = countries[countries["country_iso3"].isin(["FRA", "POL", "NOR"])].reset_index(drop=True)
    return any_study(runs, countries=add_mix_intensity(few, sources), **options)


def worked_runs(small=30_000):
    """Three seeds of two sizes with round numbers: 2 and 4 Wh a training."""
    runs = make_runs()
    runs = runs[runs["n_train"].isin([small, 60_000]) & (runs["seed"] <= 3)]
    large = runs["n_train"] == 60_000
    kwh = large.map({True: 0.004, False: 0.002})
    first = (runs["seed"] == 1) & large
    return check_table(
        "runs",
        runs.assign(
            test_accuracy=[0.881, 0.882, 0.883, 0.884, 0.885, 0.886],
            energy_kwh=kwh,
            energy_cpu_kwh=0.6 * kwh,
            energy_ram_kwh=0.4 * kwh,
            eval_energy_kwh=0.001,
            lost_energy_kwh=first.map({True: 0.003, False: 0.0}),
            flop_train=large.map({True: 2 * 10**12, False: 10**12}),
            train_duration_s=large.map({True: 7200.0, False: 3600.0}),
        ).reset_index(drop=True),
    )


def records_of(runs, **fields):
    plain = runs.astype(object).where(runs.notna(), None)
    own = {"training": {"class_path": "mlp", "init_args": {"hidden": [10]}, "precision": "32-true"}}
    own |= {"metering": {"tool": "codecarbon", "version": "3.3.2", "country_iso3": "FRA"}}
    own["metering"]["hardware_seen"] = {"gpu_count": 0, "ram_total_size": 15.6}
    own |= {"hardware": {"cpu": "A processor", "platform": "Linux"}}
    own |= {"versions": {"python": "3.11.2", "pytorch-lightning": "2.6.6"}, **fields}
    scores = dict.fromkeys(c for c in make_runs().columns if c.startswith("test_acc"))
    return [make_record(**{**scores, **row, **own}) for row in plain.to_dict("records")]


def disclosed_of(study, records=None, **changes):
    provenance = make_provenance(study)
    provenance["dataset"] |= {"task": "classification", **changes}
    records = records_of(study.runs) if records is None else records
    return Disclosed(study, records, provenance, SOFTWARE, TEXTS)


def grown():
    runs = make_runs()
    runs = runs[runs["n_train"] <= 40_000].reset_index(drop=True)
    decisions = decisions_at((30_000, 40_000), runs, margin=0.015)
    intake = make_intake(runs, test_examples=10_000)
    ladder = [*sorted(runs["n_train"].unique()), 60_000]
    return make_study(runs, decisions=decisions, ladder=ladder, intake=intake, margin=0.015)


def hopeless():
    runs = worked_runs()
    baselines = {"accuracy": Baseline(0.98, "no", "class")}
    return make_study(runs, intake=make_intake(runs, baselines=baselines))


def regression():
    runs = make_runs()
    runs = runs[runs["seed"] <= 3].reset_index(drop=True)
    runs["test_accuracy"] = 400 * (1 - runs["test_accuracy"])
    runs = check_table("runs", runs.rename(columns={"test_accuracy": "test_rmse"}), metric=RMSE)
    return make_study(runs, metric=RMSE, margin=0.1)


def two_models():
    runs = worked_runs()
    return make_study(pd.concat([runs, runs.assign(model="cnn")], ignore_index=True), margin=0.01)


def one_size():
    runs = worked_runs()
    return make_study(runs[runs["n_train"] == 60_000].reset_index(drop=True))


def one_seed():
    runs = worked_runs()
    return make_study(runs[runs["seed"] == 1].reset_index(drop=True))


STUDIES = {
    "grown": (grown, "full_size_untrained"),
    "hopeless": (hopeless, "baseline_not_beaten"),
    "regression": (regression, None),
    "two_models": (two_models, None),
    "one_size": (one_size, "one_size"),
    "one_seed": (one_seed, "too_few_seeds"),
}
