"""Run benchmarks: all, or those that are named; keep their rows, and the tables of all of them."""

import pkgutil
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import pandas as pd

import bench
from ecosobriety.hardware import describe_hardware
from ecosobriety.provenance import git_commit

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/results.csv"
README, PAGE = ROOT / "README.md", ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- benchmarks: begin, written by `make bench` -->", "<!-- benchmarks: end -->"
IN_README = (
    "metered training against the same one without a meter",
    "training against Lightning, DataLoader and CodeCarbon as in a tutorial",
    "the poster's study from nothing against its measured windows",
    "planning 10,000 runs against a bare fan-out of scripts",
    "scenarios and savings: a million cells against 3 s",
)
"""The README's rows, out of those of the page."""


def run(name: str) -> pd.DataFrame:
    """The rows of one benchmark, with the machine and the versions that they hold for."""
    hardware = describe_hardware()
    rows = pd.DataFrame(import_module(f"bench.{name}").measure())
    return rows.assign(
        module=name,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{hardware['cpu']}, {hardware['cpus_affinity']} CPUs",
        gpu=hardware["gpu"],
        python=platform.python_version(),
        torch=version("torch"),
        commit=git_commit(ROOT),
    )


def keep(rows: pd.DataFrame) -> None:
    """Add rows to those of earlier runs."""
    RESULTS.parent.mkdir(exist_ok=True)
    earlier = [pd.read_csv(RESULTS)] if RESULTS.exists() else []
    pd.concat([*earlier, rows]).to_csv(RESULTS, index=False)


def markdown(rows: pd.DataFrame, root: str) -> str:
    """The table of one run, and when and where it was made; `root` leads to the repository."""
    first = rows.iloc[0]
    gpu = "no GPU" if pd.isna(first["gpu"]) else first["gpu"]
    lines = [
        f"Measured on {first['measured_at'][:10]}: {first['machine']}, {gpu}; "
        f"Python {first['python']}, torch {first['torch']}.",
        "",
        "| benchmark | ratio | target | ours | baseline | repeats |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.to_dict("records"):
        cells = [
            f"[{row['benchmark']}]({root}tests/bench/{row['module']}.py)",
            _rounded(row["ratio"]),
            row["target"],
            *(f"{_rounded(row[side])} {row['unit']}" for side in ("ours", "baseline")),
            str(row["repeats"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _rounded(number: float) -> str:
    """Three digits, or all of those before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def main(chosen: list[str]) -> None:
    """Benchmarks keep the machine to themselves: run nothing beside them."""
    names = [
        module.name for module in pkgutil.iter_modules(bench.__path__) if module.name[0] != "_"
    ]
    all_rows = []
    for name in chosen or names:
        started_at = perf_counter()
        rows = run(name)
        keep(rows)
        all_rows.append(rows)
        shown = rows[["benchmark", "ratio", "target", "ours", "baseline", "unit"]]
        print(f"{name}, in {perf_counter() - started_at:.0f} s:", flush=True)
        print(shown.to_string(index=False), flush=True)
    # A part of the benchmarks must not replace the tables of all.
    if not chosen:
        table = pd.concat(all_rows)
        few = table.set_index("benchmark", drop=False).loc[list(IN_README)]
        _replace_table(PAGE, markdown(table, "../"))
        _replace_table(README, markdown(few, ""))


def _replace_table(path: Path, table: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


main(sys.argv[1:])
