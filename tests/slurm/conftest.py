"""A cluster for all tests here, and studies that are run through it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow.conftest import Workflow

from .cluster import MARK, Cluster, missing

OPTIONS = [
    *("--profile", "profiles/slurm"),
    # The profile's are for a cluster on which jobs take minutes, and files a while.
    *("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10"),
]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    reason = missing()
    if reason is not None:
        if os.environ.get("ECOSOBRIETY_SLURM") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's own folder, which munge refuses for being closed to others.
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def start(cluster: Cluster, study: Workflow, *arguments: str) -> subprocess.Popen[str]:
    """Start a study on the whole cluster; what it says goes into a file beside it."""
    cluster.bring_up()
    with (study.folder / "snakemake.out").open("a") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *OPTIONS, *arguments],
            cwd=study.folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {MARK: str(cluster.folder)},
        )


def said(study: Workflow) -> str:
    return (study.folder / "snakemake.out").read_text()
