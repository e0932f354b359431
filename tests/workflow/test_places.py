"""The software in any folder, elsewhere than the study, as a module, fetched, and shared."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from warm import warm_executable

from .conftest import ROOT, Workflow, copy_workflow, remember_code

STUDY = {
    "study": "tiny",
    "languages": ["en"],
    "dataset": {"name": "digits"},
    "models": [{"name": "linear"}],
    "grid": {"n_train": [100, 200], "seeds": [1, 2], "countries": ["FRA"]},
    "training": {"epochs": 1, "process": "size"},
}
RUNS = "results/tiny/tables/runs.csv"
COMMAND = ["--cores", "2", "--", RUNS]
HARD = """-my "stu'dy" [a] & $HOME (b) {c} #1 100% ;é \\x"""
NETWORK = (
    "import torch\nclass Mine(torch.nn.Linear):\n    def __init__(self): super().__init__(64, 10)\n"
    "    def forward(self, x): return super().forward(x.flatten(1))\n"
)
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="makes accounts: only root can")


def run(folder: Path, *command: str, check: bool = True, **environment: str):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def snakemake(folder: Path, *arguments: str, python: str = "", **options):
    return run(folder, python or warm_executable(), "-m", "snakemake", *arguments, **options)


def study(folder: Path, name: str = "config/config.yaml", **changes) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(yaml.safe_dump({**STUDY, **changes}))
    return name


def test_every_character_of_a_folders_name(tmp_path):
    """Checkout, study file, data and interpreter all lie in it."""
    folder = tmp_path / HARD
    folder.mkdir()
    copy_workflow(folder)
    python = folder / "my .venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(warm_executable())
    name = study(
        folder, f"{HARD}.yaml", dataset={"name": "mine", "format": "npz", "path": "d/{x} $.npz"}
    )
    make = (
        "import sys; import numpy as np; r = np.random.default_rng(0)\n"
        "x = r.normal(size=(60, 4)); y = (x[:, 0] > 0).astype(int)\n"
        "np.savez(sys.argv[1], x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])"
    )
    (folder / "d").mkdir()
    run(folder, str(python), "-c", make, "d/{x} $.npz")
    study(
        folder,
        name,
        dataset={"name": "mine", "format": "npz", "path": "d/{x} $.npz"},
        grid={**STUDY["grid"], "n_train": [20, 40]},
        analysis={"margin": 0.05},  # what one of the 20 test examples is worth
    )
    snakemake(folder, f"--configfile=./{name}", *COMMAND, python=str(python))
    assert len((folder / RUNS).read_text().splitlines()) == 5


def test_a_colon_in_the_folders_name_and_a_network_of_ones_own(tmp_path):
    folder = tmp_path / "a:b"
    folder.mkdir()
    copy_workflow(folder)
    (folder / "nets.py").write_text(NETWORK)
    models = [{"name": "mine", "class_path": "nets.Mine"}]
    study(folder, models=models, training={"epochs": 1})
    snakemake(folder, "--dry-run", "--cores", "2")


def test_an_interpreter_that_no_shell_can_find_is_one_sentence(tmp_path):
    copy_workflow(tmp_path)
    study(tmp_path)
    (tmp_path / "a: b").symlink_to(Path(sys.prefix))
    python = str(tmp_path / "a: b/bin/python")
    done = snakemake(tmp_path, "--dry-run", "--cores", "2", python=python, check=False)
    assert "Traceback" not in done.stderr
    assert (
        f"error: {python}: Python cannot be run from a folder with ':' in its path" in done.stderr
    )


@pytest.fixture(scope="module")
def software(tmp_path_factory):
    """The software alone, in a folder that nobody may write."""
    folder = tmp_path_factory.mktemp("software")
    copy_workflow(folder, untouched=True)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
    return folder


def untouched(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if "__pycache__" not in str(path)
    }


def test_the_snakefile_lies_elsewhere(software, tmp_path):
    before = untouched(software)
    (tmp_path / "study").mkdir()
    study(tmp_path / "study")
    where = ["-s", str(software / "workflow/Snakefile"), "--directory", str(tmp_path / "study")]
    planned = snakemake(tmp_path, *where, "--dry-run", "--quiet", "rules", "--cores", "2")
    assert "build_report" in planned.stdout + planned.stderr
    snakemake(tmp_path, *where, *COMMAND)
    assert (tmp_path / "study" / RUNS).exists()
    assert {path.name for path in tmp_path.iterdir()} == {"study"}
    assert untouched(software) == before


MODULE = """
configfile: "config/config.yaml"

module ecosobriety:
    snakefile: {snakefile}
    config: config

use rule * from ecosobriety
"""


def deployed(folder: Path, snakefile: str) -> None:
    """What `snakedeploy deploy-workflow` leaves in a folder."""
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    (folder / "workflow").mkdir()
    (folder / "workflow/Snakefile").write_text(MODULE.format(snakefile=snakefile))
    remember_code(folder)
    study(folder)


def test_as_a_module_from_a_local_path(software, tmp_path):
    deployed(tmp_path, repr(str(software / "workflow/Snakefile")))
    planned = snakemake(tmp_path, "--dry-run", "--quiet", "rules", "--cores", "2")
    assert "build_report" in planned.stdout + planned.stderr
    snakemake(tmp_path, "--cores", "2", "--", RUNS, "results/tiny/data/countries.csv")
    # The profile turns Snakemake's own lock off: ours stands in for it.
    assert (tmp_path / ".snakemake/ecosobriety.lock").read_text().startswith("process ")


def test_a_modules_wrong_configuration_is_one_sentence(software, tmp_path):
    deployed(tmp_path, repr(str(software / "workflow/Snakefile")))
    study(tmp_path, languages=["xx"])
    done = snakemake(tmp_path, "--dry-run", "--cores", "2", check=False)
    assert 'error: the module\'s config: languages[0] is "xx"' in done.stderr
    assert "Traceback" not in done.stderr


def test_deployed_from_a_hosting_site(tmp_path):
    """As snakedeploy does; git itself is told that the site lies in a folder."""
    site = tmp_path / "site/someone/ecosobriety.git"
    work, home, folder = (tmp_path / name for name in ("work", "home", "study"))
    for path in (work, home, folder):
        path.mkdir()
    copy_workflow(work, untouched=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (
        ["init", "-q"],
        ["add", "-A", "-f"],
        ["commit", "-q", "-m", "x"],
        ["tag", "v1"],
    ):
        run(work, *git, *command)
    run(tmp_path, "git", "clone", "-q", "--bare", str(work), str(site))
    commit = run(work, "git", "rev-parse", "HEAD").stdout.strip()
    deployed(folder, 'github("someone/ecosobriety", path="workflow/Snakefile", tag="v1")')
    environment = {
        "XDG_CACHE_HOME": str(home),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{site.parents[1]}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        # As in a notebook's terminal; its package is none of ours.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    snakemake(folder, "--cores", "2", "--", RUNS, "results/tiny/provenance.json", **environment)
    provenance = (folder / "results/tiny/provenance.json").read_text()
    assert f'"git_commit": "{commit}"' in provenance
    planned = snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", "2", **environment)
    assert "build_report" in planned.stdout + planned.stderr
    assert "prepare_dataset" not in planned.stdout + planned.stderr


READING = [
    ["--dry-run", "--cores", "2"],
    ["--list-rules"],
    ["--list-target-rules"],
    ["--summary"],
    ["--detailed-summary"],
    ["--dag"],
    ["--rulegraph"],
    ["--list-untracked"],
    ["--lint"],
]


@pytest.fixture(scope="module")
def accounts():
    """Two accounts of one group, as on a machine that people share."""
    if os.getuid() != 0:
        pytest.skip("makes accounts: only root can")
    names = ["ecotest-a", "ecotest-b"]
    run(Path("/"), "groupadd", "--force", "ecotest")
    for name in names:
        run(Path("/"), "useradd", "--no-create-home", "--gid", "ecotest", name, check=False)
    yield names
    for name in names:
        run(Path("/"), "userdel", name, check=False)
    run(Path("/"), "groupdel", "ecotest", check=False)


def as_account(name: str, home: Path) -> list[str]:
    """A command's beginning: as that account, which may read all, as Python may be root's."""
    entry = pwd.getpwnam(name)
    home.mkdir(exist_ok=True)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return [
        *("setpriv", f"--reuid={name}", f"--regid={entry.pw_gid}", "--clear-groups"),
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
        *("env", f"HOME={home}", f"XDG_CACHE_HOME={home}", f"TMPDIR={home}"),
        *("sh", "-c", 'umask 002; exec "$@"', "sh", warm_executable(), "-m", "snakemake"),
    ]


def test_two_accounts_share_a_machine_and_a_folder(accounts, tmp_path):
    """The first one's study is read and then continued by the second, of the same group."""
    first, second = (as_account(name, tmp_path / name) for name in accounts)
    folder = tmp_path / "shared"
    folder.mkdir()
    copy_workflow(folder)
    study(folder)
    for path in [folder, *folder.rglob("*")]:
        shutil.chown(path, *accounts[:1], "ecotest")
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o2070 if path.is_dir() else 0o060))
    run(folder, *first, *COMMAND)
    study(folder, grid={**STUDY["grid"], "seeds": [1, 2, 3]})
    run(folder, *second, *COMMAND)
    owners = {path.owner() for path in (folder / "results").rglob("*.json")}
    assert owners == set(accounts)
    assert len((folder / RUNS).read_text().splitlines()) == 7


@needs_root
def test_who_may_only_read_a_folder_can_read_all(accounts, tmp_path, finished):
    folder = tmp_path / "study"
    shutil.copytree(finished.folder, folder)
    reader = as_account(accounts[0], tmp_path / "home")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for command in READING:
        done = run(folder, *reader, "--configfile", "config/digits.yaml", *command, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0 or command == ["--lint"], f"{command}: {said}"
        assert "Traceback" not in said
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@needs_root
def test_who_may_only_read_a_folder_can_plan_before_any_run(accounts, tmp_path):
    folder = tmp_path / "study"
    copy_workflow(folder, untouched=True)
    reader = as_account(accounts[0], tmp_path / "home")
    for command in (["--dry-run"], ["--summary"], ["--list-rules"]):
        run(folder, *reader, "--configfile", "config/digits.yaml", *command)
    command = ["--configfile", "config/digits.yaml", "--cores", "2"]
    done = run(folder, *reader, *command, check=False)
    assert done.returncode != 0
    assert f"{folder}: you may not write here; run in a folder of your own" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / ".snakemake").exists()


def test_who_reads_does_not_wait_for_a_run(finished, tmp_path):
    """Nor does a second run: it is told whose the folder is."""
    shutil.copytree(finished.folder, tmp_path / "study")
    copy = Workflow(tmp_path / "study")
    hold = (
        "import sys, time; sys.path.insert(0, 'scripts'); from pathlib import Path\n"
        "from ecosobriety.files import lock_for_life\n"
        "lock_for_life(Path('.snakemake/ecosobriety.lock')); print('held', flush=True)\n"
        "time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=copy.folder, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        for command in [*READING[:4], ["--unlock"]]:
            assert copy.snakemake(*command).returncode == 0
        done = copy.snakemake("--cores", "2", check=False)
        assert done.returncode != 0
        assert f"is held by process {holder.pid} of " in done.stderr
        assert "one run at a time works in this folder" in done.stderr
    finally:
        holder.kill()
        holder.wait()
    copy.snakemake("--cores", "2")


def test_the_snakefile_at_the_top_plans_the_same_study(tmp_path):
    """The other one is in workflow/, where modules and the catalogue look for it."""
    copy_workflow(tmp_path)
    study(tmp_path)
    plans = [
        snakemake(tmp_path, "-n", "--cores", "1", "--quiet", "host", "-s", file).stdout
        for file in ("Snakefile", "workflow/Snakefile")
    ]
    counts = [[line for line in plan.splitlines() if line.startswith("total")] for plan in plans]
    assert counts[0] == counts[1] != []
