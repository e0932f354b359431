"""What making the hardware adds to a training's emissions, and where it is most of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ecosobriety.footprint.embodied import BOUNDS, DOMINATES, OWN
from ecosobriety.reporting.sentences import data
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.electricity_view import MARKS
from ecosobriety.study.study import Case
from ecosobriety.study.wording import country_name, trainings
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import readable_batch


def embodied_sentences(case: Case, text: Texts) -> list[Markup]:
    """The hardware's part at the reference size, and from where on saving data saves little."""
    found = case.decision.result["embodied"]
    if found is None:
        return []
    sizes = {size["n_train"]: size for size in found["sizes"]}
    reference = sizes[case.decision.reference]
    if reference["reason"] is not None:
        reason = text(f"embodied.reason.{reference['reason']}", country=country_name(case, text))
        return [text.markup("embodied.unknown", reason=reason)]
    batch = _batch(found)
    central = reference["embodied_g"]["central"]
    bounded = is_known(reference["embodied_g"]["low"])
    sentence = text.markup(
        "embodied.reference." + ("range" if bounded else "central"),
        trainings=trainings(batch, text),
        country=country_name(case, text),
        embodied=data(central * batch, text.mass(central * batch)),
        share=data(reference["share"]["central"], text.share(reference["share"]["central"])),
        **(_ends(reference, batch, text) if bounded else {}),
    )
    return [Markup(" ").join(filter(None, [sentence, _verdict(found, text)]))]


def _ends(size: Mapping[str, Any], batch: int, text: Texts) -> dict[str, Any]:
    """The bounds of a size's mass and share."""
    return {
        name: data(value, written)
        for end in ("low", "high")
        for name, value, written in (
            (end, size["embodied_g"][end] * batch, text.mass(size["embodied_g"][end] * batch)),
            (f"share_{end}", size["share"][end], text.share(size["share"][end])),
        )
    }


def _verdict(found: Mapping[str, Any], text: Texts) -> Markup | None:
    """At which sizes the hardware emits more than its electricity; None: at none that is known."""
    known = [size for size in found["sizes"] if size["share"]["central"] is not None]
    most = [size["n_train"] for size in known if size["share"]["central"] >= DOMINATES]
    all_known = len(known) == len(found["sizes"])
    if not most:
        return text.markup("embodied.verdict.none") if all_known else None
    if all_known and len(most) == len(known):
        return text.markup("embodied.verdict.all")
    sizes = ", ".join(text.integer(size) for size in most)
    return text.markup("embodied.verdict.some", sizes=sizes)


def embodied_table(case: Case, text: Texts) -> Table | None:
    """Embodied and operational emissions of a training of each size; None without hardware."""
    found = case.decision.result["embodied"]
    if found is None:
        return None
    batch = _batch(found)
    columns = [
        Column(text("column.n_train")),
        *(Column(text(f"embodied.column.{name}")) for name in ("made", "used", "share")),
    ]
    rows = [
        [
            Cell(text.integer(size["n_train"])),
            Cell(
                _interval([_times(size["embodied_g"][b], batch) for b in BOUNDS], text.mass, text)
            ),
            Cell(_mass(_times(size["operational_g"], batch), text)),
            Cell(_interval([size["share"][b] for b in BOUNDS], text.share, text)),
        ]
        for size in found["sizes"]
    ]
    notes = [
        text("embodied.note", utilisation=text.exact_share(found["utilisation"])),
        *(_part(part, text) for part in found["parts"]),
    ]
    caption = text(
        "embodied.caption", trainings=trainings(batch, text), country=country_name(case, text)
    )
    return Table("embodied", caption, columns, rows, notes)


def _part(part: Mapping[str, Any], text: Texts) -> Markup:
    """What a part is, with its reference."""
    values = {
        "name": text(f"embodied.kind.{part['kind']}"),
        "kg": _interval([part["kg"][bound] for bound in BOUNDS], text.exact, text),
        "years": text.exact(part["lifetime_years"]),
    }
    if part["kind"] == OWN:
        return text.markup("embodied.part.own", **values)
    link = Markup('<a href="{}" rel="noreferrer" lang="en">{}</a>')
    verified = text.name("verified", part["verified"])
    return text.markup(
        "embodied.part.known",
        count=text.exact(part["count"]),
        reference=link.format(part["url"], part["reference"]),
        mark=f" ({verified})" if part["verified"] in MARKS else "",
        **values,
    )


def _batch(found: Mapping[str, Any]) -> int:
    """So many trainings that their hardware's emissions can be read in grams."""
    known = [size["embodied_g"]["central"] for size in found["sizes"]]
    return readable_batch(max((g for g in known if g is not None), default=1.0))


def _interval(values: Sequence[float | None], write: Callable[[float], str], text: Texts) -> str:
    """A low, a central and a high value; the central one alone where there is no range."""
    low, central, high = values
    if central is None:
        return text("missing")
    if low is None or high is None:
        return write(central)
    bounds = {"low": write(low), "high": write(high)}
    return text("unit.interval", mean=write(central), **bounds)


def _mass(mass_g: float | None, text: Texts) -> str:
    return text("missing") if mass_g is None else text.mass(mass_g)


def _times(amount: float | None, batch: int) -> float | None:
    return None if amount is None else amount * batch
