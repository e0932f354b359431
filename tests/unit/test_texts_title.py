"""A study's title, which may differ by language, wherever it stands."""

import dataclasses

import pytest
import yaml
from rocrate.rocrate import ROCrate
from synthetic import REPORT_DIR, ROOT, blank_svgs, make_provenance, make_study

from ecosobriety.exporting import citation, write_crate
from ecosobriety.reporting import build_context
from ecosobriety.study.wording import study_title
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

TITLES = {"en": "How much is enough?", "fr": "Combien suffit ?"}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("title", [TITLES, "The same", None])
def test_a_title_may_differ_by_language(tmp_path, language, title):
    study = make_study()
    study = dataclasses.replace(study, config={**study.config, "title": title})
    expected = TITLES[language] if title == TITLES else title or study.config["study"]
    text = Texts.load(language, REPORT_DIR / "locale")
    provenance = make_provenance(study)
    software = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert study_title(study.config, language) == expected
    context = build_context(study, None, provenance, blank_svgs(study), text)
    assert context["title"] == expected
    assert expected in citation(provenance, software, text)
    # A crate has one name: that of the first language.
    study.config["languages"] = [language]
    write_crate(tmp_path, ROOT / "workflow" / "Snakefile", make_provenance(study), software)
    assert ROCrate(tmp_path).name == expected
