"""What each lever alone saves at equal performance, and what all of them save together."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.reporting.tables import Cell, Column, Table, remark_cell
from ecosobriety.study.lever_words import lever_name, setting_name
from ecosobriety.study.levers_view import LeversView
from ecosobriety.study.study import Study
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts


def levers_section(study: Study, text: Texts) -> dict[str, Any] | None:
    """The section: its answer, what it rests on, and a table; None without a lever but examples."""
    view = LeversView.of(study)
    if view is None:
        return None
    return {
        "answer": levers_answer(view, text),
        "notes": _notes(view, text),
        "table": _table(view, text),
        "caption": _caption(view, text),
    }


def levers_answer(view: LeversView, text: Texts) -> str:
    """The cheapest setting that is not worse than the reference, and what it saves."""
    reference = setting_name(view.reference, text)
    best, margin = view.answer["recommended"], text.margin(view.study.recommendation["margin"])
    left_out = []
    if settings := [
        f"{model} ({text('lever.examples_of', count=text.integer(n_train))})"
        for model, n_train in view.left_out
    ]:
        left_out = [text("levers.left_out", settings=", ".join(settings))]
    if best is None:
        nothing = text(
            "levers." + ("nothing_left" if left_out else "nothing"),
            reference=reference,
            margin=margin,
        )
        return " ".join([nothing, *left_out])
    saved = best["saved"]
    low = saved["share"]["ci_low"]
    unsure = [text("levers.uncertain")] if low is not None and low <= 0 else []
    answer = text(
        "levers.answer",
        setting=_setting(best["setting"], view, text),
        reference=reference,
        margin=margin,
        saved=_interval(saved["share"], text),
        emissions=text.mass(_batch(view) * saved["emissions_g"])
        if saved["emissions_g"] is not None
        else text("missing"),
        country=country_name(view.study.cases()[0], text),
        trainings=text.integer(_batch(view)),
    )
    return " ".join([answer, *unsure, *left_out])


def _batch(view: LeversView) -> int:
    return view.study.emissions_batch


def _notes(view: LeversView, text: Texts) -> list[str]:
    table = view.table
    combined = table[table["lever"] == "combined"]
    notes = [
        text(
            "levers.error",
            error=text.exact_share(round(1 - view.study.recommendation["confidence"], 12)),
        )
    ]
    if (combined["verdict_reason"] == "too_few_seeds").any():
        notes.append(text("levers.few_seeds", seeds=int(view.reference["n_seeds"])))
    elif combined["verdict"].notna().any():
        tested = combined.loc[combined["verdict"].notna(), "n_seeds"].iloc[0]
        choosing = int(view.reference["n_seeds"]) - int(tested)
        notes.append(text("levers.confirmed", choosing=choosing, testing=int(tested)))
    notes.append(text("levers.test_part"))
    return notes + [text("figure.untrained", model=model) for model in view.study.untrained]


def _table(view: LeversView, text: Texts) -> Table:
    confidence = text.exact_share(view.study.recommendation["confidence"])
    columns = [
        Column(text("column.lever"), numeric=False),
        Column(text("column.setting"), numeric=False),
        Column(text("column.energy_saved", confidence=confidence)),
        Column(text("column.lever_diff")),
        Column(text("column.verdict"), numeric=False),
    ]
    rows = [_row(one, view, text) for one in view.answer["by_lever"]]
    return Table("levers", text("levers.table"), columns, rows)


def _row(one: Mapping[str, Any], view: LeversView, text: Texts) -> list[Cell]:
    name = Cell(lever_name(one["lever"], text))
    if one["setting"] is None:
        return [name, Cell("–"), Cell("–"), Cell("–"), _why(one["reason"], text)]
    # Written as the metric runs: where lower is better, a loss is above 0.
    sign = view.study.metric.sign
    mean, bound = (text.difference(sign * one["diff"][name]) for name in ("mean", "lower"))
    return [
        name,
        Cell(_setting(one["setting"], view, text)),
        Cell(_interval(one["saved"]["share"], text)),
        Cell(text(f"levers.diff.{view.study.metric.bound}", mean=mean, bound=bound)),
        Cell(text("verdict.non_inferior")),
    ]


def _why(reason: str | None, text: Texts) -> Cell:
    """Why none of a lever's settings is recommended."""
    if reason is None:
        return Cell(text("levers.why.none"))
    if reason in text.words("levers.why"):
        return Cell(text(f"levers.why.{reason}"))
    return remark_cell(reason, text)


def _setting(setting: Mapping[str, Any], view: LeversView, text: Texts) -> str:
    table = view.table
    rows = table[(table["model"] == setting["model"]) & (table["n_train"] == setting["n_train"])]
    # A training to its end whose seeds ended at different epochs has none.
    ended = rows[rows["epochs"].eq(setting["epochs"])]
    return setting_name((rows[rows["epochs"].isna()] if ended.empty else ended).iloc[0], text)


def _interval(share: Mapping[str, float | None], text: Texts) -> str:
    mean, low, high = (text.share(share[name]) for name in ("mean", "ci_low", "ci_high"))
    if share["ci_low"] is None:
        return mean
    return text("unit.interval", mean=mean, low=low, high=high)


def _caption(view: LeversView, text: Texts) -> str:
    way: pd.DataFrame = view.way
    left_out = len(view.table) - len(view.shown)
    sentences = [text("caption.levers.points", settings=text.integer(len(view.shown)))]
    if len(way) > 1:
        sentences.append(text("caption.levers.way"))
    if left_out:
        sentences.append(text("caption.levers.left_out", settings=text.integer(left_out)))
    return " ".join(sentences)
