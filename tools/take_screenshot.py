"""Take pictures of a report in Debian's Chromium: wide, narrow, in the dark, and its first sheet.

python tools/take_screenshot.py reports/example/report.html docs
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

SCREENS = {
    "report": {"viewport": {"width": 1440, "height": 1000}},
    "report-narrow": {"viewport": {"width": 360, "height": 1400}},
    "report-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    # A4 at 96 dpi.
    "report-print": {"viewport": {"width": 794, "height": 1123}},
}
"""Each picture's name, and the screen or sheet that it shows."""

COLOURS = 256
"""So many keep the pictures small, and letters smooth."""

SHEET = "#contents, #appendix { display: none }"


def take(report: Path, folder: Path) -> None:
    """Write each of `SCREENS` into a folder.

    Raises:
        SystemExit: Chromium is not installed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("error: Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for name, screen in SCREENS.items():
            page = browser.new_page(**{"color_scheme": "light", **screen})
            page.goto(report.resolve().as_uri())
            if name == "report-print":
                page.emulate_media(media="print")
                page.add_style_tag(content=SHEET)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.quantize(COLOURS).save(folder / f"{name}.png", optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    take(*(Path(argument) for argument in sys.argv[1:]))
