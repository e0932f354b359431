"""The report's glossary: the terms that the texts of its language define."""

from ecosobriety.reporting.tables import collate
from ecosobriety.texts import Texts


def glossary(text: Texts) -> list[tuple[str, str]]:
    """Each term with its meaning, in the alphabetical order of the language."""
    entries = [
        (text(f"definition.{word}.term"), text(f"definition.{word}.text"))
        for word in text.words("definition")
    ]
    return sorted(entries, key=lambda entry: collate(entry[0]))
