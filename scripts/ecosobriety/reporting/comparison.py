"""The page on several studies, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from ecosobriety.languages import COMPARISON_FILES
from ecosobriety.reporting.comparison_tables import Rows, amounts_table, origin_table, ratios_table
from ecosobriety.reporting.environment import environment
from ecosobriety.studies.comparing import SAME_SIZE, SUFFICIENT
from ecosobriety.studies.finished import Finished
from ecosobriety.texts import Texts, is_known

_KINDS = ("score", "energy", "duration", "emissions", "cost")


def build_comparison(
    studies: Sequence[Finished], table: pd.DataFrame, language: str, report_dir: Path
) -> str:
    """Build the page on several studies in one language.

    Args:
        studies: as `studies.read_finished` gives them, the first one with the baselines.
        table: as `studies.compare` gives it.
        language: one of `COMPARISON_FILES`.
        report_dir: folder with the template, the style and `locale/`.

    Returns:
        An HTML page without any script, that asks nothing of the network.
    """
    text = Texts.load(language, report_dir / "locale").of(studies[0].metric)
    rows = Rows(studies, table, text)
    title = text("comparison.title", studies=", ".join(study.name for study in studies))
    return (
        environment(report_dir)
        .get_template("comparison.html.j2")
        .render(
            t=text,
            style=Markup((report_dir / "style.css").read_text(encoding="utf-8")),
            title=title,
            others=_others(language),
            answer=[
                *_best(rows, text),
                *_notes(rows, text),
            ],
            parts=[
                {
                    "id": at,
                    "sentences": [
                        _sentence(rows, row, text) for row in rows.at(at) if not row["is_baseline"]
                    ],
                    "tables": [amounts_table(rows, at, text), ratios_table(rows, at, text)],
                }
                for at in _parts(rows)
            ],
            withheld=_withheld(rows, text),
            origin=origin_table(rows, text),
        )
    )


def _parts(rows: Rows) -> list[str]:
    """Which sizes are shown; once where both kinds are the same."""
    sizes = [[row["n_train"] for row in rows.at(at)] for at in (SUFFICIENT, SAME_SIZE)]
    return [SUFFICIENT] if sizes[0] == sizes[1] else [SUFFICIENT, SAME_SIZE]


def _others(language: str) -> list[dict[str, str]]:
    return [
        {
            "file": name,
            "code": code,
            "name": str(Texts(code, {}).locale.get_display_name()),
        }
        for code, name in COMPARISON_FILES.items()
        if code != language
    ]


def _best(rows: Rows, text: Texts) -> list[str]:
    """Which of the others needs the least energy for a result as good as the baseline's."""
    others = [row for row in rows.at(SUFFICIENT) if not row["is_baseline"]]
    baseline = rows.baselines
    known = [row for row in others if is_known(row["energy_ratio"])]
    if not known:
        return [text("comparison.best.untested", baseline=baseline)]
    as_good = [
        row
        for row in known
        if row["score_verdict"] == "non_inferior" and row["energy_ratio_high"] < 1
    ]
    if not as_good:
        return [text("comparison.best.none", baseline=baseline)]
    # One that is to be taken with care is named only where no other one is as good.
    sound = [row for row in as_good if not isinstance(row["energy_remark"], str)]
    best = min(sound or as_good, key=lambda row: float(row["energy_ratio"]))
    reason = best["energy_remark"]
    return [
        text(
            f"comparison.best.{'some' if sound else 'care'}",
            reason="" if sound else text(f"comparison.remark.{reason}"),
            name=rows.name(best),
            baseline=rows.baseline(best),
            **_ends(best, "energy_ratio", text),
        )
    ]


def _ends(row: Mapping[str, Any], column: str, text: Texts) -> dict[str, str]:
    ends = {"ratio": "", "low": "_low", "high": "_high"}
    return {word: text.number(row[f"{column}{end}"]) for word, end in ends.items()}


def _notes(rows: Rows, text: Texts) -> list[str]:
    different = any(row["score_comparable"] and not row["same_question"] for row in rows.all)
    return [text("comparison.note.questions")] if different else []


def _sentence(rows: Rows, row: Mapping[str, Any], text: Texts) -> str:
    """What is to be said of a row against its baseline."""
    names = {"name": rows.name(row), "baseline": rows.baseline(row)}
    other = rows.baseline_row(row)
    if not is_known(row["n_train"]) or not is_known(other["n_train"]):
        reason = row["energy_remark"]
        return text(f"comparison.no_size.{reason}", **names)
    return text(
        f"comparison.{row['at']}",
        **names,
        n_train=text.integer(row["n_train"]),
        other=text.integer(other["n_train"]),
        score=_score(rows, row, text),
        energy=_energy(rows, row, text),
    )


def _score(rows: Rows, row: Mapping[str, Any], text: Texts) -> str:
    if not row["score_comparable"]:
        return text("comparison.score.withheld")
    difference = text.difference(row["score_diff"])
    if not isinstance(row["score_verdict"], str):
        return text("comparison.score.untested", difference=difference)
    first = rows.studies[0].recommendation
    return text(
        "comparison.score.tested",
        difference=difference,
        low=text.difference(row["score_diff_lower"]),
        high=text.difference(row["score_diff_upper"]),
        confidence=rows.confidence,
        verdict=text(
            f"comparison.verdict.{row['score_verdict']}", margin=text.margin(first["margin"])
        ),
    )


def _energy(rows: Rows, row: Mapping[str, Any], text: Texts) -> str:
    if not row["energy_comparable"]:
        return text("comparison.energy.withheld")
    ratio, low, high = (row[f"energy_ratio{end}"] for end in ("", "_low", "_high"))
    if not is_known(ratio):
        return text("comparison.energy.unknown")
    written = _ends(row, "energy_ratio", text)
    if not is_known(low):
        return text("comparison.energy.unbounded", ratio=written["ratio"])
    shown = "less" if high < 1 else "more" if low > 1 else "none"
    if isinstance(row["energy_remark"], str) and shown != "none":
        shown = "care"
    return text(f"comparison.energy.{shown}", confidence=rows.confidence, **written)


def _withheld(rows: Rows, text: Texts) -> list[str]:
    """Why figures of studies are not compared, or with care; each reason once."""
    named: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows.all:
        reasons: dict[str, list[str]] = {}
        for kind in _KINDS:
            remark = row[f"{kind}_remark"]
            if isinstance(remark, str):
                reasons.setdefault(remark, []).append(text(f"comparison.what.{kind}"))
        for remark, kinds in reasons.items():
            named.setdefault((remark, ", ".join(kinds)), {})[rows.name(row)] = None
    return [
        text(
            "comparison.withheld",
            name=", ".join(names),
            what=what,
            reason=text(f"comparison.remark.{remark}"),
        )
        for (remark, what), names in named.items()
    ]
