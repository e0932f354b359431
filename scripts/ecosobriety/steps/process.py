"""What Snakemake's own process must know, and hands on to its jobs."""

import getpass
import os
import shlex
import sys


def name_interpreter() -> None:
    """Have scripts run by the interpreter's name: Snakemake does not quote its path."""
    folder, name = os.path.split(sys.executable)
    if shlex.quote(sys.executable) == sys.executable:
        return
    if os.pathsep in folder:
        sys.exit(
            f"error: {sys.executable}: Python cannot be run from a folder with '{os.pathsep}' in "
            "its path; install it elsewhere"
        )
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])
    sys.executable = name


def name_account() -> None:
    """Give an account without a name one: containers have them, and Snakemake's report asks."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = f"uid-{os.getuid()}"


def show_no_windows() -> None:
    """Have matplotlib draw into files: a notebook's terminal names a backend that is not here."""
    os.environ["MPLBACKEND"] = "Agg"
