"""The table of claims as a whole, and the file that they stand in."""

import dataclasses
import re

import pandas as pd
import pytest
import yaml
from claim_cases import (
    CONTEXT,
    SCHEMA,
    claim_of,
    tiny_study,
    told_claims,
)
from hypothesis import given
from hypothesis import strategies as st
from synthetic import REPORT_DIR, ROOT, make_runs, make_study

from ecosobriety.claims import TESTS, check_claims, load_claims, put_to_test
from ecosobriety.claims.finding import in_words, verdict_below
from ecosobriety.errors import ConfigError
from ecosobriety.tables import CLAIM_VERDICTS, read_table, write_table
from ecosobriety.texts import TextError, Texts, load_catalogue

RESULTS = ["accuracy_saturates", "energy_surplus", "low_carbon_countries", "source_matters"]
RESULTS += ["money_saved"]


class TestTable:
    def test_every_claim_is_there_once_in_order(self, poster_claims):
        assert poster_claims["claim_id"].tolist() == RESULTS + CONTEXT

    def test_verdicts_on_the_made_up_study(self, poster_claims):
        # Made-up accuracies lose 1.45 points from 60,000 to 30,000 images, at a margin of 1.
        verdicts = poster_claims.set_index("claim_id")["verdict"]

        assert verdicts[RESULTS].to_dict() == {
            "accuracy_saturates": "not_supported",
            "energy_surplus": "not_supported",
            "low_carbon_countries": "supported",
            "source_matters": "inconclusive",
            "money_saved": "not_supported",
        }

    def test_table_comes_back_from_its_file(self, poster_study, poster, tmp_path):
        table = check_claims(poster_study, poster)
        write_table("claims", table, tmp_path / "claims.csv")

        pd.testing.assert_frame_equal(
            read_table("claims", tmp_path / "claims.csv"), table, check_exact=True
        )

    def test_same_study_gives_the_same_table(self, poster_study, poster, poster_claims):
        pd.testing.assert_frame_equal(told_claims(poster_study, poster), poster_claims)

    def test_texts_have_no_hole(self, poster, poster_claims):
        pairs = {30_000: [0.87, None], 60_000: [0.88, 0.88]}
        studies = [
            tiny_study(),
            tiny_study(costs={}, sources={"gas": (None, 400, None)}),
            tiny_study(pairs, coverage=(0.5,)),
            tiny_study({1400: [0.98]}, {1400: [1e-6]}, countries={"AAA": (None, None)}),
        ]

        for table in [poster_claims, *(told_claims(study, poster) for study in studies)]:
            for column in ("statement_en", "statement_fr", "explanation_en", "explanation_fr"):
                for told in table[column]:
                    assert not re.search(r"[{}]|\bnan\b|\bNaN\b|None\b(?! of)|<NA>|\binf\b", told)
                    assert not re.search(r"unknown|inconnu|  ", told)
                    assert told[0].isupper() or told[0].isdigit()
                    assert told.endswith(".")

    def test_decimal_separators_are_those_of_the_language(self, poster_claims):
        for row in poster_claims.itertuples():
            assert not re.search(r"\d,\d{1,2}\b(?!,)", row.explanation_en), row.claim_id
            assert not re.search(r"\d\.\d", row.explanation_fr.split("https")[0]), row.claim_id
            assert row.explanation_en != row.explanation_fr

    @pytest.mark.slow
    def test_first_model_is_used_and_told(self, poster):
        linear = make_runs("linear").assign(test_accuracy=0.8)
        study = make_study(pd.concat([make_runs("mlp"), linear], ignore_index=True))
        models = [{"name": "linear"}, {"name": "mlp"}]
        study = dataclasses.replace(study, config={**study.config, "models": models})

        row = claim_of(study, poster, "accuracy_saturates")

        assert row["measured_value"] == 0
        assert (
            "linear, the first of this study’s 2 models, on fashion-mnist" in row["explanation_en"]
        )
        assert "linear, le premier des 2 modèles" in row["explanation_fr"]


class TestPoster:
    def test_every_sentence_is_used(self, poster):
        library = ROOT / "scripts" / "ecosobriety"
        files = [*library.glob("claims/*.py"), library / "texts.py"]
        code = "\n".join(path.read_text(encoding="utf-8") for path in files)
        # Its short name is the first page's.
        built = re.compile(r"accuracy_(non_inferior|inferior|inconclusive)|verified\.|short$")
        for locale in REPORT_DIR.glob("locale/*/claims.yaml"):
            texts = load_catalogue([locale])
            ids = {"shared", *(claim["id"] for claim in poster)}
            assert {key.split(".")[1] for key in texts} == ids
            keys = {key.split(".", 2)[2] for key in texts}
            unused = [key for key in keys if not built.match(key) and f'"{key}"' not in code]
            assert unused == []

    def test_every_test_is_used(self, poster):
        assert {claim["test"] for claim in poster} == set(TESTS)

    @pytest.mark.parametrize(
        ("claim_id", "changes", "message"),
        [
            ("energy_surplus", {"test": "energy_diference"}, "claims[0].test"),
            ("accuracy_saturates", {"sizes": None}, "claims[0].sizes is missing"),
            ("energy_surplus", {"facts": {}}, "claims[0].facts.plausible_power_w is missing"),
            ("energy_surplus", {"poster": {"value": None, "unit": "kWh"}}, "poster.value is null"),
            ("source_matters", {"sources": None}, "claims[0].sources is missing"),
            ("france_intensity", {"country": None}, "claims[0].country is missing"),
            ("flights", {"corrected": None}, "claims[0].corrected is missing"),
            ("flights", {"statement": {"en": "..."}}, "claims[0].statement is not a known key"),
            ("flights", {"verdict": "supported"}, "claims[0].verdict is not a known key"),
        ],
    )
    def test_wrong_file_is_told_in_one_sentence(self, poster, tmp_path, claim_id, changes, message):
        (claim,) = (claim for claim in poster if claim["id"] == claim_id)
        changed = {key: value for key, value in {**claim, **changes}.items() if value is not None}
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump({"claims": [changed]}), encoding="utf-8")

        with pytest.raises(ConfigError, match=re.escape(message)):
            load_claims(path, SCHEMA)

    def test_missing_sentence_is_told_with_its_claim(self, poster_study, poster):
        (checked,) = put_to_test(poster_study, poster[:1])
        catalogue = load_catalogue(REPORT_DIR.glob("locale/fr/*.yaml"))
        del catalogue["claim.accuracy_saturates.depends"]

        with pytest.raises(TextError, match="claim accuracy_saturates: the text 'depends'"):
            in_words(checked.claim, checked.finding, checked.case, Texts("fr", catalogue))


@given(
    bounds=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted),
    limit=st.floats(-1e6, 1e6),
)
def test_verdict_below_agrees_with_both_bounds(bounds, limit):
    low, high = bounds
    verdict = verdict_below(low, high, limit)

    assert (verdict == "supported") == (high < limit)
    assert (verdict == "not_supported") == (low > limit)
    assert verdict in CLAIM_VERDICTS


def test_no_interval_shows_nothing():
    assert verdict_below(None, None, 0.0) == "inconclusive"
