"""What figures and report call the settings of a study's levers, in the reader's language."""

import pandas as pd

from ecosobriety.texts import Texts, is_known


def setting_name(row: pd.Series, text: Texts) -> str:
    """A setting in full: model, examples and epochs."""
    size = text("lever.examples_of", count=text.integer(row["n_train"]))
    parts = [str(row["model"]), size]
    if is_known(row["epochs"]):
        parts.append(text("lever.epochs_of", count=_epochs(row["epochs"], text)))
    return ", ".join(parts)


def change_name(row: pd.Series, before: pd.Series, text: Texts) -> str:
    """What a setting changes against another one."""
    parts = []
    if row["model"] != before["model"]:
        parts.append(str(row["model"]))
    if row["n_train"] != before["n_train"]:
        parts.append(text("lever.examples_of", count=text.integer(row["n_train"])))
    if row["stop"] != before["stop"] and is_known(row["epochs"]):
        parts.append(text("lever.epochs_of", count=_epochs(row["epochs"], text)))
    return ", ".join(parts) or str(row["model"])


def lever_name(lever: str, text: Texts) -> str:
    """A lever by the catalogue's word, or a setting of the training by its key."""
    return text.name("lever_name", lever)


def _epochs(count: float, text: Texts) -> str:
    """Of a budget of steps they need not be whole."""
    return text.integer(count) if float(count).is_integer() else text.number(count)
