"""What figures and report call the things of a case, in the reader's language."""

from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, decimals_for
from ecosobriety.views import Case, Study


def country_name(case: Case, text: Texts) -> str:
    """The name of the metering country."""
    names = case.study.countries.set_index("country_iso3")["country_name"]
    return text.country(case.country, str(names[case.country]))


def source_name(case: Case, source: str, text: Texts, mark: str = "") -> str:
    """The name of an energy source, or of the metering country's mix, with a factor's mark."""
    if source == GRID_SOURCE:
        return text("source_name.mix", country=country_name(case, text))
    name = text.name("source", source)
    return f"{name}\N{NO-BREAK SPACE}{mark}" if mark else name


def cost_label(case: Case, batch: int, text: Texts) -> str:
    """What an axis or a column of costs shows: number of trainings, currency, years of prices."""
    money, years = text.currency(case.currency), case.price_years
    if years:
        span = "–".join(str(year) for year in dict.fromkeys([years[0], years[-1]]))
        money = text("label.money", currency=money, years=span)
    return text("label.cost", trainings=trainings(batch, text), money=money)


def trainings(count: int, text: Texts) -> str:
    """So many trainings, in words."""
    return text.plural("unit.trainings", count, count=text.integer(count))


def score_decimals(study: Study) -> int:
    """Decimals of scores and their differences in tables: those of points, or to four digits."""
    if study.metric.highest is not None:
        return 2
    return decimals_for(float(study.curve[f"{study.metric.name}_mean"].max()), 4)


def point_name(study: Study, model: str, n_train: int, text: Texts) -> str:
    """A model's size by its number; with the model's name where the study has several."""
    size = text.integer(n_train)
    if study.curve["model"].nunique() == 1:
        return size
    return text("unit.model_size", model=model, n_train=size)
