"""The report: one self-contained HTML page in each language.

The first page is a poster (`poster`), all else an appendix of sections that open by their headings.
Each module here says what a part of it states, the template lays it out. A new section is a name
in `SECTIONS`, a template of that name in `sections/` and its texts in the catalogues.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from ecosobriety.claims import Checked
from ecosobriety.datasets.findings import short
from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting.cautions import finding_text, more_may_help, noticed, warnings
from ecosobriety.reporting.claims import claim_cards
from ecosobriety.reporting.countries import country_section
from ecosobriety.reporting.editions import editions_table
from ecosobriety.reporting.efficiency import efficiency
from ecosobriety.reporting.embodied import embodied_sentences, embodied_table
from ecosobriety.reporting.environment import environment
from ecosobriety.reporting.equivalents import equivalent_factors
from ecosobriety.reporting.forecast import forecast_sentences, untrained
from ecosobriety.reporting.glossary import glossary
from ecosobriety.reporting.grid_prices import consumer_tables, price_notes
from ecosobriety.reporting.growth import (
    growth_answer,
    growth_table,
    more_data,
    more_data_table,
    study_cost,
)
from ecosobriety.reporting.hardware import energy_basis, hardware_table, hardware_warning
from ecosobriety.reporting.headline import details, headline, ladder, target
from ecosobriety.reporting.levers import levers_section
from ecosobriety.reporting.lost import lost_section
from ecosobriety.reporting.measurement import measurement
from ecosobriety.reporting.methods import is_compared, methods_caption, methods_section
from ecosobriety.reporting.notebook import notebook_line
from ecosobriety.reporting.poster import poster
from ecosobriety.reporting.references import load_references, references_section
from ecosobriety.reporting.scale import at_scale
from ecosobriety.reporting.sentences import captions, pareto_caption
from ecosobriety.reporting.svg import inline_svg
from ecosobriety.reporting.tables import case_tables, factor_tables, remark_cell
from ecosobriety.reporting.water import water_table
from ecosobriety.reporting.whatif import whatif
from ecosobriety.study.figure_names import MODEL_FIGURES, figure_id
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import study_title
from ecosobriety.texts import Texts
from ecosobriety.user_code.commands import placeholders

SECTIONS = (
    *("headline", "whatif", "claims", "figures", "tables", "efficiency", "levers", "methods"),
    *("countries", "factors", "measurement", "method", "provenance"),
    *("references", "glossary"),
)
"""The sections of the appendix in their order: each is a heading that opens."""

STYLES = ("style.css", "poster.css")
"""The page's styles, those of the first page last."""

SCRIPTS = ("sections.js", "whatif.js", "tables.js", "pictures.js")
"""The page's scripts; no other may run in it."""


def build_report(
    study: Study,
    claims: Sequence[Checked] | None,
    provenance: Mapping[str, Any],
    language: str,
    figures: Mapping[str, str],
    report_dir: Path,
) -> str:
    """Build the report in one language.

    Args:
        study: the study's configuration and tables.
        claims: as `claims.put_to_test` gives them; None where the study is not about them.
        provenance: as `provenance.describe` gives it.
        language: one of `REPORT_FILES`.
        figures: for each of `figure_names.figure_ids`, the text of the figure's SVG, drawn in the
            same language.
        report_dir: folder with the template, its sections, style and scripts, the references and
            `locale/`.

    Returns:
        An HTML page that asks nothing of the network. The same input gives the same page.
    """
    text = Texts.load(language, report_dir / "locale").of(study.metric)
    context = build_context(study, claims, provenance, figures, text)
    template = environment(report_dir).get_template("template.html.j2")
    # Style and scripts are ours and no place for values: they go in as they are.
    style = Markup("\n".join((report_dir / name).read_text(encoding="utf-8") for name in STYLES))
    scripts = [(report_dir / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return template.render(
        context,
        references=references_section(study, load_references(report_dir / "references.yaml"), text),
        t=text,
        style=style,
        scripts=[Markup(script) for script in scripts],
        script_hashes=Markup(" ".join(map(_source_hash, scripts))),
    )


def _source_hash(script: str) -> str:
    """How a Content Security Policy names the one script that it allows."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def build_context(
    study: Study,
    claims: Sequence[Checked] | None,
    provenance: Mapping[str, Any],
    figures: Mapping[str, str],
    text: Texts,
) -> dict[str, Any]:
    """Put together what the template lays out: sentences, tables and figures, all of them written.

    Returns:
        title, languages (`file`, `code`, `name` of the others), poster, sections, cases, untrained,
        claims, efficiency, levers, measurement, nested, all_imported, countries, factors, whatif,
        lost, provenance, glossary.
    """
    cases, levers = study.cases(), levers_section(study, text)
    first = len(cases) * len(MODEL_FIGURES) + 1
    absent = {name for name, part in (("claims", claims), ("levers", levers)) if part is None}
    return {
        "title": study_title(study.config, text.language),
        "glossary": glossary(text),
        "others": _other_languages(study, text),
        "poster": poster(study, claims, provenance, text),
        "sections": [name for name in SECTIONS if name not in absent],
        "cases": [
            _case(case, number, figures, provenance, text) for number, case in enumerate(cases)
        ],
        "untrained": untrained(study, text),
        "claims": [] if claims is None else claim_cards(claims, text),
        "efficiency": {
            **efficiency(study, text),
            "figure": _figure(
                "pareto", first, "pareto", pareto_caption(study, text), figures["pareto"], text
            ),
        },
        "levers": levers
        and {
            **levers,
            "figure": _figure(
                "levers",
                first + 1,
                "levers-figure",
                levers["caption"],
                figures["levers"],
                text,
            ),
        },
        "methods": {
            **methods_section(study, text),
            "figure": _figure(
                "methods",
                first + (1 if levers is None else 2),
                "methods-figure",
                methods_caption(study, text),
                figures["methods"],
                text,
            )
            if is_compared(study)
            else None,
        },
        "measurement": measurement(study, provenance, text),
        "nested": _nested(study, text),
        "all_imported": set(provenance["trainings"]["windows"].values()) == {"imported"},
        "countries": country_section(study, provenance, text),
        "factors": [
            *(table for table in [editions_table(study, claims, text)] if table),
            *factor_tables(study, text),
            *consumer_tables(study, text),
            equivalent_factors(study, text),
        ],
        "factor_notes": _factor_notes(study, text),
        "whatif": whatif(study, text),
        "notebook": notebook_line(f"results/{study.config['study']}/tables"),
        "lost": lost_section(study, text),
        "findings": _findings(study, text),
        "provenance": _provenance(provenance, text),
        "config_yaml": yaml.safe_dump(
            dict(provenance["config"]), sort_keys=False, allow_unicode=True
        ),
    }


def _provenance(provenance: Mapping[str, Any], text: Texts) -> dict[str, Any]:
    """The provenance without what the report says elsewhere; its remark in words too."""
    elsewhere = ("components", "consumer_prices")
    shown = {name: part for name, part in provenance.items() if name not in elsewhere}
    # What tells declarations apart would pass for a digest of the data.
    hidden = ("findings", "identity")
    dataset = {name: part for name, part in shown["dataset"].items() if name not in hidden}
    for name in ("classes", "features"):
        if dataset.get(name):
            dataset[name] = [short(item) for item in dataset[name]]
    if dataset.get("baselines"):
        dataset["baselines"] = {
            name: {**one, "constant": short(answer)}
            if isinstance(answer := one["constant"], str)
            else one
            for name, one in dataset["baselines"].items()
        }
    countries = dict(shown["country_data"])
    if countries["fallback_reason"] is not None:
        countries["fallback_reason"] = remark_cell(countries["fallback_reason"], text).text
    return {**shown, "dataset": dataset, "country_data": countries}


def _nested(study: Study, text: Texts) -> str:
    """That training sets are nested, where the study draws them itself."""
    drawn = [
        not model.get("runs")
        and (not model.get("command") or "subset" in placeholders(model["command"]))
        for model in study.config["models"]
    ]
    return text("method.nested." + ("all" if all(drawn) else "some")) if any(drawn) else ""


def _findings(study: Study, text: Texts) -> list[str]:
    """How the inputs were normalised, and what was found in the data."""
    chosen = study.intake.normalise
    normalised = [] if chosen is None else [text(f"data.normalise.{chosen}")]
    found = study.intake.findings
    # They are looked for where the network learns; others in all rows.
    of_train = any("feature" in finding.values for finding in found)
    said = [finding_text(finding, text) for finding in found]
    return [*normalised, *said, *([text("findings.of_train")] if of_train else [])]


def _other_languages(study: Study, text: Texts) -> list[dict[str, str]]:
    return [
        {
            "file": REPORT_FILES[code],
            "code": code,
            "name": str(Texts(code, {}).locale.get_display_name()),
        }
        for code in study.config["languages"]
        if code != text.language
    ]


def _case(
    case: Case,
    number: int,
    figures: Mapping[str, str],
    provenance: Mapping[str, Any],
    text: Texts,
) -> dict[str, Any]:
    components: Sequence[Mapping[str, Any]] = provenance["components"]
    prefix = f"case{number + 1}"
    written = captions(case, text)
    # The first page shows the first case.
    answer = headline if number else details
    return {
        "id": prefix,
        "name": text("case", model=case.model, dataset=case.dataset),
        "headline": [
            *growth_answer(case, text),
            # Where a study has stopped, its answer says that nothing is shown.
            *([] if case.decision.stopped else answer(case, text)),
            *at_scale(case, text),
            *([basis] if (basis := energy_basis(case, components, text)) else []),
        ],
        "target": target(case, text),
        "worth": [
            study_cost(case, text),
            *forecast_sentences(case, text),
            # The caution on the curve's end says it too, and the table has the rest.
            *([] if more_may_help(case) else [more_data(case, text)]),
            *embodied_sentences(case, text),
        ],
        "warnings": [w for w in (hardware_warning(case, text), *warnings(case, text)) if w]
        + noticed(case, provenance, text),
        "hardware": hardware_table(case, text),
        "ladder": ladder(case, text),
        "growth": growth_table(case, text),
        "more": more_data_table(case, text),
        "embodied": embodied_table(case, text),
        "water": water_table(case, text),
        "figures": [
            _figure(
                name,
                number * len(MODEL_FIGURES) + place,
                f"{prefix}-{name}",
                written[name],
                figures[figure_id(name, case.model)],
                text,
                case.model,
            )
            for place, name in enumerate(MODEL_FIGURES, start=1)
        ],
        "tables": case_tables(case, text),
    }


def _figure(
    name: str,
    number: int,
    prefix: str,
    caption: str,
    svg: str,
    text: Texts,
    model: str | None = None,
) -> dict[str, Any]:
    """A figure with its number, unique prefix of ids, title, caption, and the model if of one."""
    title = text(f"figure.{name}.title")
    return {
        "id": prefix,
        "number": number,
        "title": title,
        "caption": caption,
        "model": model,
        "svg": inline_svg(svg, prefix, title),
    }


def _factor_notes(study: Study, text: Texts) -> list[str]:
    cost = study.config["cost"]
    return [
        text(
            "factors.currency",
            currency=cost["currency"],
            rate=text.number(cost["usd_per_unit"], 4),
        ),
        *price_notes(study, text),
    ]
