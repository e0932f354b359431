"""Download Our World in Data's energy table as a dated table of countries."""

from pathlib import Path

from ecosobriety.electricity import owid
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    owid.refresh(Path(snakemake.output.table))
