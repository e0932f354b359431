"""The report's sentences that state numbers: the headline and the figures' captions."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from ecosobriety.curves import PowerLaw
from ecosobriety.figures.wording import country_name, source_name, trainings
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import readable_batch
from ecosobriety.views import MARKS, Case


def data(value: float | None, written: str) -> Markup:
    """A number as a reader sees it, with its full value for a machine."""
    if is_known(value):
        return Markup('<data value="{}">{}</data>').format(value, written)
    return Markup(written)


def headline(case: Case, text: Texts) -> list[Markup]:
    """The answer in three sentences: how much is enough, what that saves, how sure it is."""
    if case.stop is None:
        only = data(case.reference, text.integer(case.reference))
        return [text.markup("headline.one_size", reference=only)]
    return [_answer(case, text), _saving(case, case.stop, text), _certainty(case, text)]


def _accuracy(case: Case, n_train: int, text: Texts) -> Markup:
    accuracy = float(case.curve["accuracy_mean"][n_train])
    return data(accuracy, text.share(accuracy, 1))


def _answer(case: Case, text: Texts) -> Markup:
    compared = case.sufficient if case.smaller_suffices else _failed(case)
    return text.markup(
        "headline.answer.smaller" if case.smaller_suffices else "headline.answer.none",
        n_train=data(compared, text.integer(compared)),
        accuracy=_accuracy(case, compared, text),
        reference=data(case.reference, text.integer(case.reference)),
        reference_accuracy=_accuracy(case, case.reference, text),
        margin=data(case.margin, text.points(case.margin)),
        model=case.model,
        dataset=case.dataset,
    )


def _failed(case: Case) -> int:
    """Where the sequence of tests stopped: there is such a size, or a smaller one would suffice."""
    failed = case.first_failing
    assert failed is not None
    return failed


def _saving(case: Case, stop: int, text: Texts) -> Markup:
    saved = case.saving(stop)
    interval = case.result["configured"]["energy_saved_share"]
    difference = float(case.curve["accuracy_diff_mean"][stop])
    emissions_g = saved["emissions_saved_g"]
    return text.markup(
        f"headline.saving.{_kind_of_saving(case, stop)}",
        n_train=data(stop, text.integer(stop)),
        share=data(saved["saved_share"], text.share(abs(saved["saved_share"]))),
        low=text.share(interval["ci_low"]),
        high=text.share(interval["ci_high"]),
        confidence=text.share(case.confidence),
        energy=data(saved["energy_saved_kwh"], text.energy(abs(saved["energy_saved_kwh"]))),
        emissions=data(emissions_g, text.mass(abs(emissions_g)))
        if is_known(emissions_g)
        else text("headline.saving.no_intensity"),
        country=country_name(case, text),
        difference=data(difference, text.points(difference)),
        quality=text(f"headline.quality.{case.energy_quality}"),
    )


def _kind_of_saving(case: Case, stop: int) -> str:
    """Whether stopping saves at a sufficient size, would save at half the reference, or costs more.

    It can cost more: on a busy machine, or with a training budget of equal steps.
    """
    if case.saving(stop)["saved_share"] < 0:
        return "more"
    return "smaller" if case.smaller_suffices else "half"


def _certainty(case: Case, text: Texts) -> Markup:
    size = case.sufficient if case.smaller_suffices else _failed(case)
    row = case.curve.loc[[size]].iloc[0]
    needed = case.result["configured"]["seeds_needed"]
    reason = needed["reason"] or "seeds"
    tested = text.markup(
        "headline.certainty." + str(row["verdict"]),
        n_train=data(size, text.integer(size)),
        seeds=text.plural("unit.seeds", row["n_seeds"], count=text.integer(row["n_seeds"])),
        difference=data(row["accuracy_diff_mean"], text.points(row["accuracy_diff_mean"])),
        lower=data(row["accuracy_diff_lower"], text.points(row["accuracy_diff_lower"])),
        confidence=text.share(case.confidence),
        p_value=data(row["p_value"], text.p_value(row["p_value"])),
    )
    outlook = text.markup(
        f"headline.outlook.{reason}",
        n_train=text.integer(needed["n_train"]),
        seeds=text.integer(needed["seeds"]),
        power=text.share(case.study.recommendation["power"]),
    )
    return Markup(" ").join([tested, outlook])


def captions(case: Case, text: Texts) -> dict[str, str]:
    """For each figure, what it shows, with numbers."""
    return {name: " ".join(write(case, text)) for name, write in _CAPTIONS.items()}


def _accuracy_energy(case: Case, text: Texts) -> list[str]:
    curve = case.curve
    first, last = int(curve.index[0]), int(curve.index[-1])
    energy = {n_train: float(curve["energy_kwh_mean"][n_train]) for n_train in (first, last)}
    sentences = [
        text(
            "caption.accuracy_energy.range",
            first=text.integer(first),
            last=text.integer(last),
            first_accuracy=text.share(float(curve["accuracy_mean"][first]), 1),
            last_accuracy=text.share(float(curve["accuracy_mean"][last]), 1),
            first_energy=text.energy(energy[first]),
            last_energy=text.energy(energy[last]),
        ),
        text(
            "caption.accuracy_energy.lines",
            confidence=text.share(case.confidence),
            margin=text.points(case.margin),
        ),
        text(
            "caption.accuracy_energy." + ("smaller" if case.smaller_suffices else "none"),
            n_train=text.integer(case.sufficient),
        ),
    ]
    if PowerLaw(**case.result["power_law"]).converged:
        sentences.append(text("caption.accuracy_energy.fit"))
    return sentences


def _country_emissions(case: Case, text: Texts) -> list[str]:
    cells = case.country_cells
    shown = cells[cells["usable"]].sort_values("emissions_g")
    left_out = len(cells) - len(shown)
    sentences = []
    if len(shown) > 1:
        lowest, highest = shown.iloc[0], shown.iloc[-1]
        ranks = shown["country_low_carbon_share"].corr(shown["emissions_g"], method="spearman")
        sentences.append(
            text(
                "caption.country_emissions.range",
                n_train=text.integer(case.reference),
                lowest=text.country(lowest["country_iso3"], lowest["country_name"]),
                highest=text.country(highest["country_iso3"], highest["country_name"]),
                low=text.mass(lowest["emissions_g"]),
                high=text.mass(highest["emissions_g"]),
                ratio=text.number(highest["emissions_g"] / lowest["emissions_g"], 2),
                countries=_countries(len(shown), text),
                correlation=text.fixed(ranks, 2),
            )
        )
    own = shown[shown["country_iso3"] == case.country]
    if len(own):
        sentences.append(
            text(
                "caption.country_emissions.own",
                country=country_name(case, text),
                emissions=text.mass(own["emissions_g"].iloc[0]),
                share=text.share(own["country_low_carbon_share"].iloc[0]),
            )
        )
    if left_out:
        key = "caption.country_emissions.left_out"
        sentences.append(text.plural(key, left_out, countries=_countries(left_out, text)))
    return sentences


def _countries(count: int, text: Texts) -> str:
    return text.plural("unit.countries", count, count=text.integer(count))


def _source_emissions(case: Case, text: Texts) -> list[str]:
    order = case.source_order("emissions_g")
    if not order:
        return [text("figure.source_emissions.no_intensity")]
    emissions = {source: float(case.at(source, case.reference)["emissions_g"]) for source in order}
    highest, lowest = order[0], order[-1]
    sentences = [
        text(
            "caption.source_emissions.range",
            n_train=text.integer(case.reference),
            highest=source_name(case, highest, text),
            lowest=source_name(case, lowest, text),
            high=text.mass(emissions[highest]),
            low=text.mass(emissions[lowest]),
            ratio=text.number(emissions[highest] / emissions[lowest], 2),
        ),
        text(
            "caption.source_emissions.contract",
            coverage=text.share(case.coverage),
            country=country_name(case, text),
            emissions=text.mass(emissions.get(GRID_SOURCE)),
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
        for source in case.outlying_sources
    ]
    return sentences + legend([case.intensity_mark(source) for source in order], text)


def _factor(case: Case, source: str, column: str) -> float:
    return float(case.study.sources.set_index("source")[column][source])


def _source_cost(case: Case, text: Texts) -> list[str]:
    order = case.source_order("cost")
    if not order:
        return [text("figure.source_cost.no_price")]
    costs = {source: float(case.at(source, case.reference)["cost"]) for source in order}
    highest, lowest = order[0], order[-1]
    batch = readable_batch(costs[highest])
    sentences = [
        text(
            "caption.source_cost.range",
            n_train=text.integer(case.reference),
            trainings=trainings(batch, text),
            highest=source_name(case, highest, text),
            lowest=source_name(case, lowest, text),
            high=text.money(costs[highest] * batch, case.currency),
            low=text.money(costs[lowest] * batch, case.currency),
        )
    ]
    if case.stop is not None:
        share = float(case.saving(case.stop)["saved_share"])
        sentences.append(
            text(
                f"caption.source_cost.{_kind_of_saving(case, case.stop)}",
                n_train=text.integer(case.stop),
                share=text.share(abs(share)),
                saved=text.money(costs[highest] * batch * share, case.currency),
                highest=source_name(case, highest, text),
            )
        )
    sentences.append(text("caption.source_cost.lcoe"))
    if case.unpriced_sources:
        names = ", ".join(text.name("source", source) for source in case.unpriced_sources)
        sentences.append(text("caption.source_cost.unpriced", sources=names))
    return sentences + legend([case.cost_mark(source) for source in order], text)


def legend(marks: Sequence[str], text: Texts) -> list[str]:
    """What the marks of factors mean, for those that are there."""
    return [
        text("mark", mark=mark, meaning=text(f"mark_meaning.{verified}"))
        for verified, mark in MARKS.items()
        if mark in marks
    ]


_CAPTIONS: Mapping[str, Callable[[Case, Texts], list[str]]] = {
    "accuracy_energy": _accuracy_energy,
    "country_emissions": _country_emissions,
    "source_emissions": _source_emissions,
    "source_cost": _source_cost,
}
