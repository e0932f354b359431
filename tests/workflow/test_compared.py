"""Finished studies side by side, without any training."""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest


def test_two_finished_studies_are_compared_and_nothing_else_is_run(workflow):
    """The second is the first under another name, at its own folder."""
    results = workflow.folder / "results"
    shutil.copytree(results / "digits", results / "twin")
    path = results / "twin/provenance.json"
    provenance = json.loads(path.read_text())
    provenance["config"]["study"] = "twin"
    path.write_text(json.dumps(provenance))
    done = workflow.snakemake("--cores", "2", "--config", "studies=[digits, twin]", "--", "compare")
    ran = {
        line.split()[1][:-1] for line in done.stderr.splitlines() if line.startswith("localrule")
    }
    assert ran == {"compare", "compare_studies"}
    assert "other settings" not in done.stderr
    changed = workflow.with_config(
        lambda study: (
            study["analysis"].update(margin=0.07)
            or study.update(title={"en": "Other", "fr": "Autre"})
        )
    )
    both = ("-n", "--config", "studies=[digits, twin]", "--", "compare")
    said = workflow.snakemake(*both, config=changed).stderr
    assert "the results of digits are of other settings than config/changed.yaml has now" in said
    assert "(analysis.margin): run it first" in said
    folder = workflow.folder / "reports/compare/digits+twin"
    table = pd.read_csv(folder / "comparison.csv")
    twins = table[table["study"] == "twin"]
    assert twins["n_pairs"].tolist() == [3, 3]
    for name in ("energy", "duration", "emissions", "cost"):
        assert twins[f"{name}_ratio"].tolist() == [1, 1]
    assert "digits, twin" in (folder / "comparison.html").read_text()
    assert 'lang="fr"' in (folder / "comparaison.html").read_text()[:100]
    made = (folder / "comparison.csv").stat().st_mtime
    for later, old in ((-1, False), (1, True)):
        os.utime(results / "digits/recommendation.json", (made + later, made + later))
        # In a process of its own: it is said at the end of one.
        planned = subprocess.run(
            [sys.executable, "-m", "snakemake", "-n", "--configfile", "config/digits.yaml"],
            cwd=workflow.folder,
            capture_output=True,
            text=True,
        )
        assert ("reports/compare/digits+twin is older than the" in planned.stderr) == old


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "no study is named, but two"),
        (["digits"], 'names "digits", which is this study itself'),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(workflow, others, said):
    config = workflow.with_config(lambda study: study.update(compare_with=others))
    done = workflow.snakemake("-n", "--", "compare", config=config, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: compare: ")
    assert said in last


def test_a_study_that_has_no_results_is_refused_in_one_sentence(finished):
    done = finished.snakemake(
        "--cores", "1", "-n", "--config", "studies=[digits, poster]", "--", "compare", check=False
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('error: compare: the study "poster" is not finished')
    assert "--configfile config/config.yaml" in last
    assert "Traceback" not in done.stderr
