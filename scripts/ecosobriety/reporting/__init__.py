"""The report: one self-contained HTML page in each language.

Each module here says what a part of it states, the template lays it out. A new section is a name
in `SECTIONS`, a template of that name in `sections/` and its texts in the catalogues.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ecosobriety.claims import Checked
from ecosobriety.datasets.findings import short
from ecosobriety.languages import REPORT_FILES
from ecosobriety.provenance import DISTURBED_FROM
from ecosobriety.reporting.cautions import finding_text, warnings
from ecosobriety.reporting.claims import claim_cards, claims_summary
from ecosobriety.reporting.countries import country_section
from ecosobriety.reporting.efficiency import efficiency
from ecosobriety.reporting.equivalents import equivalent_factors, equivalents_table
from ecosobriety.reporting.glossary import glossary
from ecosobriety.reporting.growth import (
    growth_answer,
    growth_table,
    more_data,
    more_data_table,
    study_cost,
)
from ecosobriety.reporting.hardware import hardware_table, hardware_warning
from ecosobriety.reporting.headline import energy_basis, headline, ladder, target
from ecosobriety.reporting.lost import lost_section
from ecosobriety.reporting.methods import methods_caption, methods_section
from ecosobriety.reporting.references import load_references, references_section
from ecosobriety.reporting.sentences import captions, pareto_caption
from ecosobriety.reporting.svg import inline_svg
from ecosobriety.reporting.tables import case_tables, component_table, factor_tables, remark_cell
from ecosobriety.reporting.whatif import whatif
from ecosobriety.study.figure_names import MODEL_FIGURES, figure_id
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import study_title
from ecosobriety.texts import Texts, exact_decimals

SECTIONS = (
    *("headline", "figures", "claims", "whatif", "efficiency", "methods", "tables"),
    *("method", "countries", "factors", "measurement", "lost", "provenance"),
    *("references", "glossary"),
)
"""The report's sections in their order."""

SCRIPTS = ("whatif.js", "tables.js")
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
    environment = Environment(
        loader=FileSystemLoader(report_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("template.html.j2")
    # Style and scripts are ours and no place for values: they go in as they are.
    style = Markup((report_dir / "style.css").read_text(encoding="utf-8"))
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
        title, languages (`file`, `code`, `name` of the others), sections, cases, claims,
        efficiency, measurement, countries, factors, whatif, lost, provenance, glossary.
    """
    cases = study.cases()
    return {
        "title": study_title(study.config, text.language),
        "glossary": glossary(text),
        "others": _other_languages(study, text),
        "sections": [name for name in SECTIONS if claims is not None or name != "claims"],
        "cases": [
            _case(case, number, figures, provenance["components"], text)
            for number, case in enumerate(cases)
        ],
        "claims_summary": "" if claims is None else claims_summary(claims, text),
        "claims": [] if claims is None else claim_cards(claims, text),
        "efficiency": {
            **efficiency(study, text),
            "equivalents": [equivalents_table(case, text) for case in cases],
            "figure": _figure(
                "pareto",
                len(cases) * len(MODEL_FIGURES) + 1,
                "pareto",
                pareto_caption(study, text),
                figures["pareto"],
                text,
            ),
        },
        "methods": {
            **methods_section(study, text),
            "figure": _figure(
                "methods",
                len(cases) * len(MODEL_FIGURES) + 2,
                "methods-figure",
                methods_caption(study, text),
                figures["methods"],
                text,
            ),
        },
        "measurement": _measurement(study, provenance, text),
        "countries": country_section(study, provenance, text),
        "factors": [*factor_tables(study, text), equivalent_factors(study, text)],
        "factor_notes": _factor_notes(study, text),
        "whatif": whatif(study, text),
        "lost": lost_section(study, text),
        "findings": _findings(study, text),
        "provenance": _provenance(provenance, text),
        "config_yaml": yaml.safe_dump(
            dict(provenance["config"]), sort_keys=False, allow_unicode=True
        ),
    }


def _provenance(provenance: Mapping[str, Any], text: Texts) -> dict[str, Any]:
    """The provenance without what the report says elsewhere; its remark in words too."""
    shown = {name: part for name, part in provenance.items() if name != "components"}
    dataset = {name: part for name, part in shown["dataset"].items() if name != "findings"}
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


def _findings(study: Study, text: Texts) -> list[str]:
    """How the inputs were normalised, and what was found in the data."""
    chosen = study.intake.normalise
    normalised = [] if chosen is None else [text(f"data.normalise.{chosen}")]
    return normalised + [finding_text(finding, text) for finding in study.intake.findings]


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
    components: Sequence[Mapping[str, Any]],
    text: Texts,
) -> dict[str, Any]:
    prefix = f"case{number + 1}"
    written = captions(case, text)
    return {
        "id": prefix,
        "name": text("case", model=case.model, dataset=case.dataset),
        "headline": [
            *growth_answer(case, text),
            # Where a study has stopped, its answer says that nothing is shown.
            *([] if case.decision.stopped else headline(case, text)),
            *([basis] if (basis := energy_basis(case, components, text)) else []),
        ],
        "target": target(case, text),
        "worth": [study_cost(case, text), more_data(case, text)],
        "warnings": [w for w in (hardware_warning(case, text), *warnings(case, text)) if w],
        "hardware": hardware_table(case, text),
        "ladder": ladder(case, text),
        "growth": growth_table(case, text),
        "more": more_data_table(case, text),
        "figures": [
            _figure(
                name,
                number * len(MODEL_FIGURES) + place,
                f"{prefix}-{name}",
                written[name],
                figures[figure_id(name, case.model)],
                text,
            )
            for place, name in enumerate(MODEL_FIGURES, start=1)
        ],
        "tables": case_tables(case, text),
    }


def _figure(
    name: str, number: int, prefix: str, caption: str, svg: str, text: Texts
) -> dict[str, Any]:
    """A figure with its number, unique prefix of ids, title and caption."""
    title = text(f"figure.{name}.title")
    return {
        "id": prefix,
        "number": number,
        "title": title,
        "caption": caption,
        "svg": inline_svg(svg, prefix, title, caption),
    }


def _measurement(study: Study, provenance: Mapping[str, Any], text: Texts) -> dict[str, Any]:
    """How the energy was measured: sentences, and a table by component."""
    return {
        "sentences": [
            *_trainings(study, provenance, text),
            _duplicates(provenance["dataset"], text),
            *_energy(study, text),
            _disturbance(study, provenance, text),
            text.plural(
                "measurement.short",
                int(study.runs["short_window"].sum()),
                short=text.integer(int(study.runs["short_window"].sum())),
                trainings=text.integer(len(study.runs)),
            ),
            *(
                text(f"measurement.quality.{quality}")
                for quality in sorted(study.runs["energy_quality"].unique())
            ),
            text("measurement.pue", pue=text.number(study.config["metering"]["pue"], 2)),
        ],
        "components": component_table(provenance["components"], study, text),
    }


def _trainings(study: Study, provenance: Mapping[str, Any], text: Texts) -> list[str]:
    runs, training = study.runs, study.config["training"]
    windows = provenance["trainings"]["windows"]
    return [
        text(
            "measurement.trainings",
            trainings=text.integer(len(runs)),
            models=text.integer(runs["model"].nunique()),
            sizes=text.integer(runs["n_train"].nunique()),
            seeds=text.integer(runs["seed"].nunique()),
            first=text.date(provenance["trainings"]["first_started_at"]),
            last=text.date(provenance["trainings"]["last_ended_at"]),
        ),
        *(
            [
                text(
                    f"measurement.budget.{training['budget']}",
                    epochs=text.integer(training["epochs"]),
                    batch_size=text.integer(training["batch_size"]),
                )
            ]
            if "fit" in windows.values()
            else []
        ),
        *(
            _own_training(model["name"], model["training"], text)
            for model in study.config["models"]
            if model.get("training")
        ),
        text(
            "measurement.device",
            devices=", ".join(sorted(runs["device"].unique())),
            threads=", ".join(text.integer(count) for count in sorted(runs["threads"].unique())),
        ),
        *([text("measurement.window")] if "fit" in windows.values() else []),
        *(_command(study, model, kind, text) for model, kind in windows.items() if kind != "fit"),
    ]


def _own_training(model: str, own: Mapping[str, Any], text: Texts) -> str:
    """Which settings a model does not share with the others."""
    written: Mapping[str, Callable[[Any], str]] = {
        "epochs": text.integer,
        "batch_size": text.integer,
        "learning_rate": lambda rate: text.fixed(rate, exact_decimals(rate)),
        "precision": str,
    }
    settings = ", ".join(
        text(f"measurement.own_training.{name}", **{name: written[name](value)})
        for name, value in own.items()
    )
    return text("measurement.own_training.model", model=model, settings=settings)


def _command(study: Study, model: str, kind: str, text: Texts) -> str:
    """What the energy of a command covers, and how much of it start-up can be at most."""
    if kind == "exact":
        return text("measurement.command.exact", model=model)
    runs = study.runs[study.runs["model"] == model]
    means = runs.groupby("n_train")["energy_kwh"].mean()
    return text(
        "measurement.command.process",
        model=model,
        share=text.share(float(means.iloc[0] / means.iloc[-1])),
        smallest=text.integer(int(means.index[0])),
        largest=text.integer(int(means.index[-1])),
    )


def _disturbance(study: Study, provenance: Mapping[str, Any], text: Texts) -> str:
    """Whether the measured energies include other work on the machine."""
    share, disturbed = text.share(DISTURBED_FROM), int(provenance["trainings"]["disturbed"])
    if disturbed == 0:
        return text("measurement.undisturbed", share=share)
    return text.plural(
        "measurement.disturbed",
        disturbed,
        disturbed=text.integer(disturbed),
        trainings=text.integer(len(study.runs)),
        share=share,
    )


def _duplicates(dataset: Mapping[str, Any], text: Texts) -> str:
    """How many test examples were there to be learnt by heart."""
    duplicates, test = int(dataset["test_duplicates"]), int(dataset["test_examples"])
    if duplicates == 0:
        return text("data.no_duplicates", test=text.integer(test))
    return text.plural(
        "data.duplicates",
        duplicates,
        duplicates=text.integer(duplicates),
        test=text.integer(test),
        share=text.share(duplicates / test, 2),
    )


def _energy(study: Study, text: Texts) -> list[str]:
    """What the study itself has used."""
    runs = study.runs
    used_kwh = float(runs["energy_kwh"].sum())
    evaluated_kwh = runs["eval_energy_kwh"].sum(min_count=1)
    return [
        text(
            "measurement.energy",
            energy=text.energy(used_kwh),
            evaluation=text.energy(evaluated_kwh),
        ),
    ]


def _factor_notes(study: Study, text: Texts) -> list[str]:
    cost = study.config["cost"]
    return [
        text(
            "factors.currency",
            currency=cost["currency"],
            rate=text.number(cost["usd_per_unit"], 4),
        ),
        _grid_prices(study, text),
    ]


def _grid_prices(study: Study, text: Texts) -> str:
    """Which countries' mix has a price, and what its absence leaves empty."""
    cost = study.config["cost"]
    names = study.countries.set_index("country_iso3")["country_name"]
    prices = [
        f"{text.country(code, str(names.get(code, code)))} {text.money(price, cost['currency'])}"
        for code, price in sorted(cost.get("grid_price_per_kwh", {}).items())
    ]
    if not prices:
        return text("factors.grid_price.none")
    return text("factors.grid_price.some", prices=", ".join(prices))
