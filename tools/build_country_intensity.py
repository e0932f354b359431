"""Write an edition's table of countries from the npm package that republishes Ember's figures.

Usage: python tools/build_country_intensity.py config/factors/2025/country_intensity.csv

It needs `npm`. The package, @tgwf/co2, holds for each country Ember's carbon intensity of the
newest year that there was in May 2025, under CC BY-SA 4.0 (its README), but not that year. The
years are in `tools/ember_years.csv`: those of `data/output/average-intensities.json` in the
package's repository (thegreenwebfoundation/co2.js on GitHub, commit
6628f83f24c2d836fb7ac0dd80eaf5012b27bae4), where the value is the same or the year is 2024, after
which there was none in May 2025. The years of the others (Ukraine, Saudi Arabia, the United Arab
Emirates), whose values were revised, are not known and stay empty.
"""

import csv
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pycountry

PACKAGE = "@tgwf/co2@0.19.0"
FILE = "package/dist/esm/data/average-intensities.min.js"
YEARS = Path(__file__).with_name("ember_years.csv")
# The package's regions have names or codes of three letters that are no country's.
KOSOVO = "XKX"


def download() -> dict[str, float]:
    """Each country's carbon intensity in g CO2e/kWh, by its ISO 3166 alpha-3 code."""
    with TemporaryDirectory() as folder:
        npm = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            script = package.extractfile(FILE)
            assert script is not None
            text = script.read().decode()
    start = text.index("{")
    values, _ = json.JSONDecoder().raw_decode(text[start:])
    countries = {country.alpha_3 for country in pycountry.countries} | {KOSOVO}
    return {code: value for code, value in values.items() if code in countries}


def write(path: Path) -> None:
    """Write the table to `path`."""
    with YEARS.open(encoding="utf-8", newline="") as file:
        years = {row["country_iso3"]: row["year"] for row in csv.DictReader(file)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["country_iso3", "intensity_g_per_kwh", "year"])
    for code, value in sorted(download().items()):
        writer.writerow([code, f"{value:g}", years.get(code, "")])
    path.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
