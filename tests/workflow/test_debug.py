"""A prompt with the `snakemake` object of a finished study's job, to run its script by hand."""

import subprocess

from warm import warm_executable

from .conftest import ROOT


def prompt(workflow, output, typed=""):
    """What the prompt for an output prints when that is typed."""
    return subprocess.run(
        [warm_executable(), str(ROOT / "tools/debug_script.py"), output],
        cwd=workflow.folder,
        input=typed,
        capture_output=True,
        text=True,
    )


def test_the_prompt_has_the_jobs_object_and_runs_nothing_by_itself(finished):
    answer = finished.results("recommendation.json")
    before = answer.stat().st_mtime_ns
    seen = prompt(
        finished,
        "results/digits/recommendation.json",
        "print(snakemake.rule, snakemake.input.runs, snakemake.params.country)",
    )
    assert "recommend_size results/digits/tables/runs.csv FRA" in seen.stdout
    assert "scripts/recommend_size.py makes results/digits/recommendation.json" in seen.stderr
    assert answer.stat().st_mtime_ns == before
    training = prompt(
        finished, "results/digits/runs/digits/mlp/n200/seed2.json", "print(snakemake.rule)"
    )
    assert "train_model" in training.stdout


def test_the_script_is_run_by_hand(workflow):
    answer = workflow.results("recommendation.json")
    before = answer.read_text()
    answer.write_text("{}")
    typed = "run()\nprint(decided['margin'])\n"
    seen = prompt(workflow, "results/digits/recommendation.json", typed)
    assert "0.01" in seen.stdout
    assert answer.read_text() == before


def test_what_belongs_to_no_finished_study_is_refused_in_one_sentence(finished):
    for output in ("results/other/recommendation.json", "recommendation.json", ""):
        refused = prompt(finished, output)
        assert refused.returncode == 1
        assert refused.stderr.startswith("error: ")
        assert "belongs to no finished study" in refused.stderr
        assert refused.stderr.count("\n") == 1
    nobody = prompt(finished, "results/digits/nothing.json")
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("error: results/digits/nothing.json: No rule to produce")
    assert "Traceback" not in nobody.stderr
