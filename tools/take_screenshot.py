"""Take the README's picture: the first screen of a report, in Debian's Chromium.

python tools/take_screenshot.py reports/poster/report.html docs/report.png
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SCREEN = {"width": 1280, "height": 900}


def take(report: Path, picture: Path) -> None:
    """Write the picture of a report's first screen.

    Raises:
        SystemExit: Chromium is not installed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("error: Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SCREEN, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(*(Path(argument) for argument in sys.argv[1:]))
