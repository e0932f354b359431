"""Collect the records of all trainings into the table `runs`."""

from pathlib import Path

from ecosobriety import logs, records, tables

with logs.logged_to(snakemake.log[0]):
    runs = records.collect([Path(path) for path in snakemake.input])
    tables.write_table("runs", runs, Path(snakemake.output[0]))
