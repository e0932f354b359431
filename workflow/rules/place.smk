# Where the software lies, what runs its scripts, and who may run in the user's folder.
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.persistence import PersistenceBase
from snakemake.persistence.file import FilePersistence
from snakemake.sourcecache import HostingProviderFile, LocalSourceFile


def software_folder(here):
    """The folder of the software's own files, which need not be the user's.

    Used as a module, it may come from a hosting site: of that, Snakemake itself only gets the files
    that rules name, and not those that they import.
    """
    if isinstance(here, LocalSourceFile):
        return Path(os.path.abspath(here.get_path_or_uri(secret_free=True))).parents[1]
    if not isinstance(here, HostingProviderFile):
        sys.exit(
            f"error: {here}: a module's snakefile must be a local path, github(...) or gitlab(...), "
            "for its scripts need the files beside them"
        )
    folder = Path(workflow.source_path("../../CITATION.cff")).parent
    if not (folder / COMMIT_FILE).exists():
        fetch_software(here, folder)
    return folder


COMMIT_FILE = ".git_commit"


def fetch_software(place, folder):
    """Put all of a hosted repository where Snakemake keeps the file of it that was asked for."""
    repository = place.hosted_repo.repo
    archive = io.BytesIO()
    repository.archive(archive, treeish=place.ref)
    archive.seek(0)
    # Another run may do the same at the same time: each file appears at once and whole.
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        fetched = Path(name)
        with tarfile.open(fileobj=archive) as content:
            content.extractall(fetched)
        (fetched / COMMIT_FILE).write_text(repository.commit(place.ref).hexsha)
        # The commit comes last: it says that all the others are there.
        for path in sorted(fetched.rglob("*"), key=lambda p: p.name == COMMIT_FILE):
            target = folder / path.relative_to(fetched)
            if path.is_dir() and not path.is_symlink():
                target.mkdir(parents=True, exist_ok=True)
            else:
                path.replace(target)


def run_alone():
    """Keep a second run out of this folder, and nobody who only reads.

    While it reads a Snakefile, Snakemake does not say whether it is for a run; and its hook `onstart`
    is for the main Snakefile alone, while this may be a module.
    """

    def before_execute(*, executor_plugin, **_):
        if not executor_plugin.common_settings.local_exec:
            refuse_for_queue()
        if executor_plugin.common_settings.dryrun_exec:
            if not os.access(".snakemake/iocache", os.W_OK):
                # A dry run would keep what it saw for later runs, and end with an error if it may not.
                PersistenceBase.save_iocache = lambda _: None
        else:
            lock_folder()
            end_orphans()
            # Its steps end with it, however it ends.
            orphans.begin_run(Path.cwd())
            remove_leftovers()
            if executor_plugin.name == "slurm":
                # No other run is at work here: what still is, has lost its run.
                slurm.cancel_jobs_of(Path.cwd())

    def before_delete_output(*, dryrun=False, **_):
        if not dryrun:
            lock_folder()

    workflow.execute = files.preceded(workflow.execute, before_execute)
    workflow.delete_output = files.preceded(
        workflow.delete_output, before_delete_output
    )


def plan_without_writing():
    """Let who may only read this folder plan in it, though no run has been here.

    What Snakemake would keep in `.snakemake` it then keeps in a temporary folder.
    """
    if Path(".snakemake").exists() or os.access(".", os.W_OK):
        return
    keep = FilePersistence.__init__
    path = workflow.snakemake_tmp_dir / "persistence"
    FilePersistence.__init__ = lambda self, **given: keep(
        self, **{**given, "path": path}
    )


def refuse_for_queue():
    """Snakemake hands paths to a queue within quotes that some characters end."""
    for path in (str(Path.cwd()), str(ROOT)):
        if found := sorted({*"\"'`$\\!"} & {*path}):
            raise WorkflowError(
                f"{path}: jobs of a queue cannot be in a folder with {' '.join(found)} in its path; "
                "move it"
            )


def lock_folder():
    """Hold this folder for as long as this process lives."""
    kept = Path(".snakemake")
    if not os.access(kept if kept.exists() else ".", os.W_OK):
        raise WorkflowError(
            f"{Path.cwd()}: you may not write here; run in a folder of your own with --directory"
        )
    try:
        files.lock_for_life(Path(".snakemake/ecosobriety.lock"))
    except EcosobrietyError as error:
        raise WorkflowError(
            f"{error}: one run at a time works in this folder ({Path.cwd()}); wait for its end"
        )


def end_orphans():
    """End what a killed run has left at work in this folder, and report it."""
    try:
        ended = orphans.end_orphans(Path.cwd())
    except EcosobrietyError as error:
        raise WorkflowError(str(error))
    if ended:
        logger.warning(
            f"ended what a killed run had left at work here: processes {ended}"
        )


ROOT = software_folder(workflow.current_basedir)
sys.path.insert(0, str(ROOT / "scripts"))

from ecosobriety.steps import process

process.name_interpreter()
process.name_account()
process.show_no_windows()
