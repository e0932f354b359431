"""How a notebook opens the study's tables."""


def notebook_line(folder: str) -> str:
    """One line of Python that opens all tables of a folder, by name.

    A table that lies there both as CSV and as Parquet is read from the latter, which keeps types.
    """
    return (
        "import pandas as pd, pathlib; tables = {p.stem: "
        '(pd.read_parquet if p.suffix == ".parquet" else pd.read_csv)(p) '
        f'for p in sorted(pathlib.Path("{folder}").glob("[a-z]*.[cp]*"))}}'
    )
