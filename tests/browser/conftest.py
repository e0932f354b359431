"""Both reports of the made-up study, opened in Debian's Chromium."""

import os
import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ecosobriety.languages import REPORT_FILES

# What takes long to import is imported where it is used: the process that only hands out tests
# reads this file as well.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from ecosobriety.study.study import Study
    from ecosobriety.texts import Texts

CHROMIUM = shutil.which("chromium")
MADE_KG = {"low": 200.0, "central": 300.0, "high": 450.0}
STUDY = "study.pickle"
HOSTILE = "</script><script>alert(1)</script>\"'&"


@dataclass
class Site:
    """A folder with both reports, and the study that they tell of."""

    folder: Path
    study: "Study"
    texts: "dict[str, Texts]"

    def url(self, language: str) -> str:
        return (self.folder / REPORT_FILES[language]).as_uri()


@pytest.fixture(scope="session")
def site(made_once) -> Site:
    from synthetic import REPORT_DIR, draw_svgs, make_claims, make_provenance, make_study

    from ecosobriety.footprint.embodied import Hardware, Part
    from ecosobriety.reporting import build_report
    from ecosobriety.texts import Texts

    texts = {code: Texts.load(code, REPORT_DIR / "locale") for code in REPORT_FILES}

    def build(folder: Path) -> None:
        study = make_study(
            grid_price_per_kwh={"FRA": 0.2},
            hardware=Hardware([Part("own", 1.0, MADE_KG, 5.0)], 0.5),
            water={
                "site_l_per_kwh": 1.8,
                "source_l_per_kwh": {"low": 1, "central": 2.5, "high": 18},
            },
        )
        study.config["title"] = HOSTILE
        (folder / STUDY).write_bytes(pickle.dumps(study))
        for code, name in REPORT_FILES.items():
            svgs = draw_svgs(study, texts[code])
            page = build_report(
                study, make_claims(study), make_provenance(study), code, svgs, REPORT_DIR
            )
            (folder / name).write_text(page, encoding="utf-8")

    folder = made_once("site", build)
    return Site(folder, pickle.loads((folder / STUDY).read_bytes()), texts)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        # CI installs it: there its absence is an error and no reason to skip.
        if os.environ.get("ECOSOBRIETY_BROWSER") == "required":
            pytest.fail("Chromium is not installed: apt-get install chromium")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    quiet = [
        *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield started
        started.close()


@pytest.fixture(scope="session")
def context_of(browser):
    """A context of each kind that tests ask for.

    A new one starts processes, which takes twice as long as the page. A report keeps nothing in it,
    and a blank page keeps its processes between two tests.
    """

    @cache
    def context_of(width: int, **options) -> "BrowserContext":
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.new_page()
        return context

    return context_of


@pytest.fixture
def open_page(context_of, site):
    """Opens a report; at the end nothing was asked of the network and nothing was complained of."""
    complaints: list[str] = []
    pages = []

    def open_page(language: str, width: int = 1280, section: str = "", **options) -> "Page":
        page = context_of(width, **options).new_page()
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith(site.folder.as_uri()) else complaints.append(asked.url)
            ),
        )
        # A section of the appendix opens by its address.
        page.goto(f"{site.url(language)}#{section}" if section else site.url(language))
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []
