"""What the report says of the study's data."""

import pytest
from synthetic import REPORT_DIR, draw_svgs, make_claims, make_provenance, make_study

from ecosobriety.reporting import build_context
from ecosobriety.texts import Texts

DUPLICATES = {
    0: {
        "en": "None of the 10,000 test examples is a training example too.",
        "fr": "Aucun des 10 000 exemples de test n’est aussi un exemple d’entraînement.",
    },
    1: {
        "en": "1 of 10,000 test examples is, value by value, a training example too",
        "fr": "1 exemple de test sur 10 000 est aussi",
    },
    25: {
        "en": "25 of 10,000 test examples (0.25%) are, value by value, training examples too",
        "fr": "25 exemples de test sur 10 000 (0,25 %) sont aussi",
    },
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_duplicates_between_training_and_test_are_told(language: str) -> None:
    study = make_study()
    text = Texts.load(language, REPORT_DIR / "locale")
    claims, svgs = make_claims(study), draw_svgs(study, text)
    for number, expected in DUPLICATES.items():
        provenance = make_provenance(study)
        provenance["dataset"]["test_duplicates"] = number
        context = build_context(study, claims, provenance, svgs, text)
        sentences = " ".join(context["measurement"]["sentences"])
        plain = sentences.replace("\N{NO-BREAK SPACE}", " ").replace(
            "\N{NARROW NO-BREAK SPACE}", " "
        )
        assert expected[language] in plain
