"""What the answer means at the scale of the reader: a year's trainings, the machine's time."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ecosobriety.footprint.embodied import BOUNDS
from ecosobriety.footprint.water import PLACES
from ecosobriety.reporting.growth import below_a_cent
from ecosobriety.reporting.sentences import data, kind_of_contract
from ecosobriety.reporting.water import written_litres
from ecosobriety.study.study import Case
from ecosobriety.study.wording import country_name, source_name, trainings
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import CENT, readable_batch


def at_scale(case: Case, text: Texts) -> list[Markup]:
    """A year's amounts and the machine's cost, as far as the study's file says how it is used."""
    result = case.decision.result
    sentences = []
    if result["yearly"] is not None:
        sentences.append(_year(case, result["yearly"], text))
        of = (result["water"] or {}).get("source_of")
        # What nobody has read in its source is no headline; the table of water has it.
        told = of is None or of["verified"] == "seen"
        places = [place for place in PLACES if place != "source" or told]
        sentences += _beyond_electricity(result["yearly"], places, text)
    if result["machine"] is not None:
        sentences.append(_machine(result["machine"], text))
    elif (price := case.study.config["cost"].get("machine_price_per_hour")) is not None:
        written = text.money(price, case.electricity.currency)
        sentences.append(text.markup("scale.machine.no_duration", price=written))
    return sentences


def _year(case: Case, year: Mapping[str, Any], text: Texts) -> Markup:
    share = year["share"]
    if share is not None and (costs := share["mean"] < 0):
        low, high = (share[end] and -share[end] for end in ("high", "low"))
        share = {"mean": -share["mean"], "low": low, "high": high}
    factor = 1.0 if share is None else share["mean"]
    energy_kwh = year["energy_kwh"]
    emissions_g = year["emissions_g"]
    energy = data(energy_kwh, text.energy(energy_kwh))
    if case.study.config["metering"]["pue"] != 1:
        energy = text.markup("scale.at_site", energy=energy)
    full = case.decision.result["study_cost"]
    if full["full_training_estimated"] and year["training_kwh_from"] == "study":
        energy = text.markup("scale.estimated", energy=energy)
    values = {
        "trainings": trainings(year["trainings"], text),
        "full": text.integer(full["full_n_train"]),
        "energy": energy,
        "emissions": data(emissions_g * factor, text.mass(emissions_g * factor))
        if is_known(emissions_g)
        else text("headline.saving.no_intensity"),
        "country": country_name(case, text),
        "money": _money(year, factor, text),
    }
    if share is not None:
        ends = ("mean", "low", "high")
        values |= {
            f"saved_{end}": data(energy_kwh * share[end], text.energy(energy_kwh * share[end]))
            if is_known(share[end])
            else text("missing")
            for end in ends
        }
    kind = "full" if share is None else "more" if costs else "saves"
    sentence = text.markup(f"scale.year.{kind}", **values)
    sentences = [sentence, *_by_contract(case, energy_kwh * factor, text)]
    if year["training_kwh_from"] != "study":
        own = text.energy(year["training_kwh"])
        sentences.append(text.markup("scale.year.own", energy=own))
    return Markup(" ").join(sentences)


def _by_contract(case: Case, energy_kwh: float, text: Texts) -> list[Markup]:
    """The same energy's emissions by the market-based view, where contracts are compared."""
    view = case.electricity
    rates = view.g_per_kwh_by_contract()
    if rates.empty:
        return []
    # A year's energy is the site's; the rates are per kWh of its computers.
    emitted_g = rates * (energy_kwh / case.study.config["metering"]["pue"])
    ends = {
        word: written
        for end, source in (("low", str(rates.index[0])), ("high", str(rates.index[-1])))
        for word, written in (
            (end, data(float(emitted_g[source]), text.mass(float(emitted_g[source])))),
            (f"{end}_source", source_name(case, source, text)),
        )
    }
    which = "by_one_contract" if len(rates) == 1 else "by_contract"
    coverage = text.exact_share(view.coverage)
    kind = kind_of_contract(case, rates.index, text)
    return [text.markup(f"scale.year.{which}", coverage=coverage, of_kind=kind, **ends)]


def _beyond_electricity(
    year: Mapping[str, Any], places: Sequence[str], text: Texts
) -> list[Markup]:
    """A year's embodied emissions and water, as far as the study's file has figures of them."""
    sentences = []
    if (embodied_g := year["embodied_g"]) is not None:
        low, mean, high = (text.mass(embodied_g[bound]) for bound in BOUNDS)
        ranged = is_known(embodied_g["low"]) and is_known(embodied_g["high"])
        written = text("unit.interval", mean=mean, low=low, high=high) if ranged else mean
        shown = data(embodied_g["central"], written)
        sentences.append(text.markup("scale.year.embodied", embodied=shown))
    elif year["embodied_reason"] == "no_duration":
        sentences.append(text.markup("scale.year.no_embodied"))
    for place in places:
        if (litres := year[f"{place}_l"]) is not None:
            shown = data(litres["central"], written_litres(litres, 1, text))
            sentences.append(text.markup(f"scale.year.{place}", litres=shown))
    return sentences


def _money(year: Mapping[str, Any], factor: float, text: Texts) -> Markup:
    """A year's money, on the country's mix where it has a price, else between two sources."""

    def written(amount: float) -> Markup:
        return data(amount * factor, text.money(amount * factor, year["currency"]))

    most = year["cost"] if is_known(year["cost"]) else (year["dearest"] or {}).get("amount")
    if is_known(most) and 0 < most * factor < CENT:
        cost = below_a_cent(most * factor, year["currency"], text)
        return text.markup("scale.money.mix", cost=cost)
    if is_known(year["cost"]):
        return text.markup("scale.money.mix", cost=written(year["cost"]))
    if year["cheapest"] is None:
        return Markup()
    ends = {
        word: shown
        for end in ("cheapest", "dearest")
        for word, shown in (
            (end, written(year[end]["amount"])),
            (f"{end}_source", text.name("source", year[end]["source"])),
        )
    }
    which = "one_source" if year["cheapest"] == year["dearest"] else "sources"
    return text.markup(f"scale.money.{which}", **ends)


def _machine(machine: Mapping[str, Any], text: Texts) -> Markup:
    batch = readable_batch(machine["full"])
    amounts = {
        name: data(machine[name] * batch, text.money(machine[name] * batch, machine["currency"]))
        for name in ("full", "saved")
        if machine[name] is not None
    }
    return text.markup(
        "scale.machine." + ("saves" if "saved" in amounts else "full"),
        price=text.money(machine["price_per_hour"], machine["currency"]),
        trainings=trainings(batch, text),
        **amounts,
    )
