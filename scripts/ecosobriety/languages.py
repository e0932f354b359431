"""The languages of the report: the texts of each are in `workflow/report/locale/{language}`."""

REPORT_FILES = {
    "en": "report.html",
    "fr": "rapport.html",
}
"""The report's file name in each language."""

COMPARISON_FILES = {
    "en": "comparison.html",
    "fr": "comparaison.html",
}
"""The same of the page on several studies."""
