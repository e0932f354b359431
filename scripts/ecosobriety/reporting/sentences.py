"""The report's sentences on figures and factors, and how a number is put into a sentence."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from markupsafe import Markup

from ecosobriety.decision import PowerLaw
from ecosobriety.study.electricity_view import EXTREME_COUNTRIES, LISTED_COUNTRIES, MARKS
from ecosobriety.study.figure_names import MODEL_FIGURES
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import (
    country_name,
    half_year,
    no_cost,
    point_name,
    ratio,
    source_name,
    trainings,
)
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known

_NAMES_AT_END = 5


def data(value: float | None, written: str) -> Markup:
    """A number as a reader sees it, with its full value for a machine."""
    if is_known(value):
        return Markup('<data value="{}">{}</data>').format(value, written)
    return Markup(written)


def kind_of_contract(case: Case, sources: Iterable[str], text: Texts) -> str:
    """What contracts are of, where others are left out: a few words, or none."""
    return text("headline.low_carbon") if case.electricity.are_low_carbon(sources) else ""


def kind_of_saving(case: Case, stop: int) -> str:
    """Whether stopping saves at a sufficient size, would save at half the reference, or costs more.

    It can cost more: on a busy machine, or with a training budget of equal steps.
    """
    if case.electricity.saving(stop)["saved_share"] < 0:
        return "more"
    return "smaller" if case.decision.smaller_suffices else "half"


def _ends(names: Sequence[str]) -> list[str]:
    """Names, or of very many the first and the last."""
    n = _NAMES_AT_END
    return [*names[:n], "…", *names[-n:]] if len(names) > 4 * n else list(names)


def pareto_caption(study: Study, text: Texts) -> str:
    """What the figure of the score against energy shows, with the points of its front by name."""
    table = study.efficiency.sort_values("energy_kwh_mean")
    front = [
        point_name(study, str(row.model), int(row.n_train), text)  # type: ignore[arg-type]
        for row in table[table["on_front"]].itertuples()
    ]
    beaten = [
        m for m in study.curve["model"].unique() if not table["on_front"][table["model"] == m].any()
    ]
    sentences = [
        text("caption.pareto.range", points=text.integer(len(table))),
        text("caption.pareto.front", front=", ".join(_ends(front))),
        *(text("caption.pareto.beaten", model=model) for model in beaten),
    ]
    return " ".join(sentences)


def captions(case: Case, text: Texts) -> dict[str, str]:
    """For each of a model's figures, what it shows, with numbers."""
    written = {name: write(case, text) for name, write in _CAPTIONS.items()}
    return {
        name: " ".join(written[name]) if name in written else text(f"caption.{name}")
        for name in MODEL_FIGURES
    }


def _accuracy_energy(case: Case, text: Texts) -> list[str]:
    curve = case.decision.curve
    first, last = int(curve.index[0]), int(curve.index[-1])
    energy = {n_train: float(curve["energy_kwh_mean"][n_train]) for n_train in (first, last)}
    sentences = [
        text(
            "caption.accuracy_energy.range",
            first=text.integer(first),
            last=text.integer(last),
            first_accuracy=text.score(float(case.decision.scores[first])),
            last_accuracy=text.score(float(case.decision.scores[last])),
            first_energy=text.energy(energy[first]),
            last_energy=text.energy(energy[last]),
        ),
        text(
            "caption.accuracy_energy."
            + ("bands" if case.decision.full_size_untrained else "lines"),
            confidence=text.exact_share(case.decision.confidence),
            margin=text.margin(case.decision.margin),
        ),
    ]
    if not case.decision.full_size_untrained:
        n_train = text.integer(case.decision.sufficient)
        sentences.append(text(f"caption.accuracy_energy.{_decision(case)}", n_train=n_train))
    if PowerLaw(**case.decision.result["power_law"]).converged:
        sentences.append(text("caption.accuracy_energy.fit"))
    return sentences


def _decision(case: Case) -> str:
    """How the study ended, by the name of its text."""
    if case.decision.no_recommendation:
        return "no_recommendation"
    return "smaller" if case.decision.smaller_suffices else "none"


def _country_emissions(case: Case, text: Texts) -> list[str]:
    cells = case.electricity.country_cells
    shown = cells[cells["usable"]].sort_values("emissions_g")
    left_out = len(cells) - len(shown)
    sentences = []
    contradicting = shown[shown["contradicts"]]
    sound = shown[~shown["contradicts"]]
    if len(sound) > 1:
        lowest, highest = sound.iloc[0], sound.iloc[-1]
        # Spearman's correlation is Pearson's of the ranks.
        ranks = shown["country_low_carbon_share"].rank().corr(shown["emissions_g"].rank())
        sentences.append(
            text(
                "caption.country_emissions.range",
                n_train=text.integer(case.decision.reference),
                lowest=text.country(lowest["country_iso3"], lowest["country_name"]),
                highest=text.country(highest["country_iso3"], highest["country_name"]),
                trainings=trainings(case.emissions_batch, text),
                low=text.mass(lowest["emissions_g"] * case.emissions_batch),
                high=text.mass(highest["emissions_g"] * case.emissions_batch),
                ratio=text.number(ratio(highest["emissions_g"], lowest["emissions_g"]), 2),
                countries=_countries(len(shown), text),
                correlation=text.fixed(ranks, 2),
            )
        )
    if len(contradicting):
        key = "caption.country_emissions.contradicting"
        names = [
            text.country(row["country_iso3"], row["country_name"])
            for _, row in contradicting.iterrows()
        ]
        listed = ", ".join(_ends(names))
        sentences.append(text.plural(key, len(contradicting), countries=listed))
    own = shown[shown["country_iso3"] == case.electricity.country]
    if len(own):
        sentences.append(
            text(
                "caption.country_emissions.own",
                country=country_name(case, text),
                emissions=text.mass(own["emissions_g"].iloc[0] * case.emissions_batch),
                share=text.share(own["country_low_carbon_share"].iloc[0]),
            )
        )
    if shown["country_iso3"].isin(LISTED_COUNTRIES).any():
        sentences.append(text("caption.country_emissions.listed"))
    if left_out:
        key = "caption.country_emissions.left_out"
        sentences.append(text.plural(key, left_out, countries=_countries(left_out, text)))
    return sentences


def _country_ranking(case: Case, text: Texts) -> list[str]:
    countries = case.electricity.shown_countries
    if countries.empty:
        return [text("figure.country_ranking.no_intensity")]
    ranked = len(case.electricity.ranked_countries)
    sentences = [
        text(
            "caption.country_ranking.what",
            trainings=trainings(case.emissions_batch, text),
            n_train=text.integer(case.decision.reference),
            countries=_countries(ranked, text),
        ),
        text(
            "caption.country_ranking.shown",
            extremes=text.integer(EXTREME_COUNTRIES),
            country=country_name(case, text),
        ),
        text(
            "caption.country_ranking.bounds", confidence=text.exact_share(case.decision.confidence)
        )
        if countries["emissions_g_low"].notna().any()
        else text("caption.country_ranking.no_bounds"),
        text("caption.country_ranking.no_range"),
    ]
    left_out = len(case.electricity.country_cells) - ranked
    if left_out:
        key = "caption.country_ranking.left_out"
        sentences.append(text.plural(key, left_out, countries=_countries(left_out, text)))
    return sentences


def _emissions_map(case: Case, text: Texts) -> list[str]:
    table = case.electricity.heat_map
    if table.isna().all(axis=None):
        return [text("figure.emissions_map.no_intensity")]
    coverage = case.electricity.heat_map_coverage
    sentences = [
        text(
            "caption.emissions_map.what",
            trainings=trainings(case.emissions_batch, text),
            n_train=text.integer(case.decision.reference),
        ),
        text(
            f"caption.emissions_map.{'full' if coverage == 1 else 'partial'}",
            coverage=text.exact_share(coverage),
            rest=text.exact_share(round(1 - coverage, 12)),
        ),
        text("caption.emissions_map.shown", extremes=text.integer(EXTREME_COUNTRIES)),
        text("caption.emissions_map.colours"),
    ]
    if table.isna().any(axis=None):
        sentences.append(text("caption.emissions_map.unknown"))
    marks = [case.electricity.intensity_mark(str(source)) for source in table]
    return sentences + legend(marks, text)


def _countries(count: int, text: Texts) -> str:
    return text.plural("unit.countries", count, count=text.integer(count))


def _source_emissions(case: Case, text: Texts) -> list[str]:
    order = case.electricity.source_order("emissions_g")
    if not order:
        return [text("figure.source_emissions.no_intensity")]
    emissions = {
        source: float(case.electricity.at(source, case.decision.reference)["emissions_g"])
        for source in order
    }
    highest, lowest = order[0], order[-1]
    sentences = [
        text(
            "caption.source_emissions.range",
            n_train=text.integer(case.decision.reference),
            highest=source_name(case, highest, text),
            lowest=source_name(case, lowest, text),
            trainings=trainings(case.emissions_batch, text),
            high=text.mass(emissions[highest] * case.emissions_batch),
            low=text.mass(emissions[lowest] * case.emissions_batch),
            ratio=text.number(ratio(emissions[highest], emissions[lowest]), 2),
        ),
        text(
            "caption.source_emissions.contract",
            coverage=text.exact_share(case.electricity.coverage),
            country=country_name(case, text),
            emissions=text.mass(
                emissions[GRID_SOURCE] * case.emissions_batch if GRID_SOURCE in emissions else None
            ),
        ),
        text("caption.source_emissions.bars"),
    ]
    sentences += [
        text(
            "caption.source_emissions.outlier",
            source=text.name("source", source),
            high=text.integer(_factor(case, source, "high_g_per_kwh")),
            central=text.integer(_factor(case, source, "central_g_per_kwh")),
        )
        for source in case.electricity.outlying_sources
    ]
    return sentences + legend([case.electricity.intensity_mark(source) for source in order], text)


def _factor(case: Case, source: str, column: str) -> float:
    return float(case.study.sources.set_index("source")[column][source])


def _source_cost(case: Case, text: Texts) -> list[str]:
    order = case.electricity.source_order("cost")
    if not order:
        return [no_cost(case, text)]
    costs = {
        source: float(case.electricity.at(source, case.decision.reference)["cost"])
        for source in order
    }
    highest, lowest = order[0], order[-1]
    batch = case.electricity.cost_batch
    sentences = [
        text(
            "caption.source_cost." + ("range" if len(order) > 1 else "one_source"),
            n_train=text.integer(case.decision.reference),
            trainings=trainings(batch, text),
            highest=source_name(case, highest, text),
            lowest=source_name(case, lowest, text),
            high=text.money(costs[highest] * batch, case.electricity.currency),
            low=text.money(costs[lowest] * batch, case.electricity.currency),
        )
    ]
    if case.decision.stop is not None:
        share = float(case.electricity.saving(case.decision.stop)["saved_share"])
        sentences.append(
            text(
                f"caption.source_cost.{kind_of_saving(case, case.decision.stop)}",
                n_train=text.integer(case.decision.stop),
                share=text.share(abs(share)),
                saved=text.money(costs[highest] * batch * share, case.electricity.currency),
                highest=source_name(case, highest, text),
            )
        )
    if case.electricity.coverage != 1:
        covered = text.exact_share(case.electricity.coverage)
        sentences.append(text("caption.source_cost.contract", coverage=covered))
    sentences.append(text("caption.source_cost.lcoe"))
    if case.electricity.unpriced_sources:
        names = ", ".join(
            text.name("source", source) for source in case.electricity.unpriced_sources
        )
        sentences.append(text("caption.source_cost.unpriced", sources=names))
    price, retail = case.electricity.grid_price, case.electricity.consumer_price
    values = {
        "country": country_name(case, text),
        "price": text.money(price, case.electricity.currency),
    }
    if retail is None:
        key = "caption.source_cost." + ("no_grid_price" if price is None else "grid_price")
        sentences.append(text(key, **values))
    else:
        values["period"] = half_year(retail["period"], text)
        values["mark"] = case.electricity.cost_mark(GRID_SOURCE)
        sentences.append(text("caption.source_cost.consumer_price", **values))
    return sentences + legend([case.electricity.cost_mark(source) for source in order], text)


def legend(marks: Sequence[str], text: Texts) -> list[str]:
    """What the marks of factors mean, for those that are there."""
    return [
        text("mark", mark=mark, meaning=text(f"mark_meaning.{verified}"))
        for verified, mark in MARKS.items()
        if mark in marks
    ]


def _growth(case: Case, text: Texts) -> list[str]:
    view = case.decision
    values = {
        "full": text.integer(view.rule_full),
        "margin": text.margin(view.margin),
        "n_train": text.integer(view.rule_stop),
    }
    sentences = [text("caption.growth.shows", **values)]
    if all(found["bound"] is None for found in view.rule.values()):
        return [*sentences, text("caption.growth.no_bound")]
    kind = "grown" if view.grows else "exhaustive"
    stop = "no_stop" if view.rule_stop is None else "stop"
    return [*sentences, text(f"caption.growth.{kind}.{stop}", **values)]


_CAPTIONS: Mapping[str, Callable[[Case, Texts], list[str]]] = {
    "accuracy_energy": _accuracy_energy,
    "growth": _growth,
    "country_emissions": _country_emissions,
    "country_ranking": _country_ranking,
    "source_emissions": _source_emissions,
    "emissions_map": _emissions_map,
    "source_cost": _source_cost,
}
