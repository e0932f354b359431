"""Both reports of the made-up study, opened in Debian's Chromium."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ecosobriety.languages import REPORT_FILES

# What takes long to import is imported where it is used: the process that only hands out tests
# reads this file as well.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

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
    def context_of(**options) -> "BrowserContext":
        context = browser.new_context(**options)
        context.new_page()
        return context

    return context_of


@dataclass
class Loader:
    """Loads reports, and keeps what they ask of the network and what they complain of."""

    context_of: "Callable[..., BrowserContext]"
    site: Site
    complaints: list[str] = field(default_factory=list)

    def load(self, language: str, width: int, section: str, **options) -> "Page":
        page = self.context_of(**options).new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", self._note)
        # A section of the appendix opens by its address.
        page.goto(self.site.url(language) + (f"#{section}" if section else ""))
        return page

    def _note(self, asked: "Request") -> None:
        if not asked.url.startswith(self.site.folder.as_uri()):
            self.complaints.append(asked.url)


@pytest.fixture
def open_page(context_of, site):
    """Opens a report; at the end nothing was asked of the network and nothing was complained of."""
    loader, pages = Loader(context_of, site), []

    def open_page(language: str, width: int = 1280, section: str = "", **options) -> "Page":
        pages.append(loader.load(language, width, section, **options))
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()
    assert loader.complaints == []


@pytest.fixture(scope="session")
def kept(context_of, site):
    """Reports that are open already, by language, options and whether they are unfolded."""
    return Loader(context_of, site), {}


@pytest.fixture
def look_at(kept):
    """As `open_page`, for tests that change nothing of the page: they share one, loaded once."""
    loader, pages = kept

    def look_at(
        language: str, width: int = 1280, media: str = "screen", unfolded=False, **options
    ) -> "Page":
        key = (language, unfolded, *options.items())
        if key not in pages:
            pages[key] = loader.load(language, width, "", **options)
            if unfolded:
                unfold(pages[key])
        pages[key].set_viewport_size({"width": width, "height": 900})
        pages[key].emulate_media(media=media)
        return pages[key]

    yield look_at
    assert loader.complaints == []


def unfold(page: "Page") -> None:
    """Open all sections by the page's own button."""
    page.click("#folding [data-fold=open]")
    assert page.locator("#appendix > section > details:not([open])").count() == 0
