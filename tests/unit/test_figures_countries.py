"""Countries in figures: picked out of all, ranked with bounds, mapped against the sources."""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from synthetic import ROOT, make_runs, make_study

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.sources import load_sources
from ecosobriety.figures import draw
from ecosobriety.reporting.sentences import captions
from ecosobriety.study.electricity_view import EXTREME_COUNTRIES, LISTED_COUNTRIES
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

NBSP = "\N{NO-BREAK SPACE}"
LOCALE = ROOT / "workflow/report/locale"


@pytest.fixture(scope="module")
def study():
    return make_study()


@pytest.fixture(scope="module")
def case(study):
    return study.cases()[0]


@pytest.fixture(scope="module")
def texts():
    return {language: Texts.load(language, LOCALE) for language in ("en", "fr")}


@pytest.fixture(scope="module")
def drawn(study, texts):
    """A figure of the study, drawn once in each language."""
    return cache(lambda name, language="en": draw(f"{name}-mlp", study, texts[language]))


def row_names(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def luminance(colour):
    """Relative luminance by WCAG 2.1, of 0 to 1."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def cells_of(figure):
    """Each cell of the map with its value as written."""
    axes = figure.axes[0]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return list(zip(boxes, axes.texts, strict=True))


class TestBatch:
    def test_emissions_too_small_to_read_are_told_for_a_thousand_trainings(self, study):
        # 60,000 examples take 0.6 Wh: with France's 56 g/kWh that is 34 mg.
        assert study.emissions_batch == 1000

    @pytest.mark.parametrize(("times", "batch"), [(100.0, 1), (1.0, 1000), (1e-3, 1_000_000)])
    def test_it_is_the_first_that_comes_to_a_gram(self, times, batch):
        assert make_study(make_runs(energy_factor=times)).emissions_batch == batch

    def test_every_model_has_the_same(self):
        runs = pd.concat([make_runs("mlp"), make_runs("cnn", energy_factor=100.0)])
        assert {case.emissions_batch for case in make_study(runs).cases()} == {1}

    def test_captions_and_figures_tell_the_same_number(self, case, drawn, texts):
        for language, told in (("en", "1,000 trainings"), ("fr", "1\u202f000 entraînements")):
            written = captions(case, texts[language])
            for name in ("country_emissions", "country_ranking", "source_emissions"):
                assert told in written[name]
                axes = drawn(name, language).axes[0]
                assert told in axes.get_xlabel() + axes.get_ylabel()


class TestSelection:
    def test_shown_are_the_listed_the_own_and_both_ends(self, case):
        ranked, shown = case.electricity.ranked_countries, case.electricity.shown_countries
        codes = list(ranked["country_iso3"])
        ends = {*codes[:EXTREME_COUNTRIES], *codes[-EXTREME_COUNTRIES:]}
        assert set(shown["country_iso3"]) == {"FRA", *LISTED_COUNTRIES, *ends}
        assert shown["emissions_g"].is_monotonic_decreasing
        assert list(ranked["rank"]) == list(range(1, len(ranked) + 1))

    def test_flagged_countries_have_no_rank(self, case):
        flagged = case.electricity.country_cells.dropna(subset="flag")
        assert len(flagged) > 0
        assert not set(flagged["country_iso3"]) & set(
            case.electricity.ranked_countries["country_iso3"]
        )

    def test_where_all_are_flagged_all_are_ranked(self):
        """As with Electricity Maps, whose intensities come without a low-carbon share."""
        sources = load_sources(ROOT / "config/factors/poster/source_intensity.csv")
        countries = load_countries().assign(flag="no low-carbon share in the data")
        case = make_study(countries=add_mix_intensity(countries, sources)).cases()[0]
        assert len(case.electricity.ranked_countries) == 212


class TestScatter:
    def test_listed_countries_are_points_of_their_own(self, case, drawn):
        axes = drawn("country_emissions").axes[0]
        everyone, listed = (points.get_offsets() for points in axes.collections)
        cells = case.electricity.country_cells.set_index("country_iso3").loc[list(LISTED_COUNTRIES)]
        assert cells["usable"].all()
        np.testing.assert_allclose(listed[:, 1], cells["emissions_g"] * 1000)  # trainings, in g
        assert len(everyone) > 10 * len(listed)
        # In print, without colours, the rim tells them.
        assert axes.collections[1].get_linewidth()[0] > axes.collections[0].get_linewidth()[0]


class TestRanking:
    def test_bars_bounds_and_ranks_are_the_tables(self, case, drawn):
        figure = drawn("country_ranking")
        axes, shown = figure.axes[0], case.electricity.shown_countries
        bars = [bar.get_width() for bar in axes.patches]
        np.testing.assert_allclose(bars, shown["emissions_g"] * 1000)
        bounds = np.array([line.get_xdata() for line in axes.lines])
        np.testing.assert_allclose(bounds, shown[["emissions_g_low", "emissions_g_high"]] * 1000)
        france = shown[shown["country_iso3"] == "FRA"].iloc[0]
        assert f"{france['rank']}. France" in row_names(figure)

    def test_one_seed_has_no_bounds_and_says_so(self, texts):
        runs = make_runs()
        study = make_study(runs[runs["seed"] == 1])
        figure = draw("country_ranking-mlp", study, texts["en"])
        assert not figure.axes[0].lines
        told = captions(study.cases()[0], texts["en"])["country_ranking"]
        assert "no bounds" in told

    def test_its_caption_is_honest_about_the_missing_range(self, case, texts):
        told = captions(case, texts["en"])["country_ranking"]
        assert "without a range" in told
        assert "95% confidence interval" in told
        assert f"{len(case.electricity.ranked_countries)} countries" in told
        assert "sans étendue" in captions(case, texts["fr"])["country_ranking"]


class TestMap:
    def test_each_cell_is_its_scenario(self, case, study, drawn, texts):
        figure = drawn("emissions_map")
        table = study.scenarios.query("n_train == 60000").set_index(
            ["country_iso3", "source", "coverage"]
        )["emissions_g"]
        columns = list(case.electricity.heat_map.columns)
        expected = [
            texts["en"].number(1000 * table[country, source, 0.0 if source == "grid" else 0.5], 2)
            for country in case.electricity.shown_countries["country_iso3"]
            for source in columns
        ]
        assert columns[0] == "grid"
        assert [text.get_text() for _, text in cells_of(figure)] == expected

    def test_rows_and_columns_are_named_with_the_factors_marks(self, drawn):
        figure = drawn("emissions_map", "fr")
        names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert f"charbon{NBSP}‡" in names
        assert {"France", "Allemagne"} <= set(row_names(figure))

    def test_more_emissions_are_lighter_in_grey_too(self, case, drawn):
        boxes = [box for box, _ in cells_of(drawn("emissions_map"))]
        values = case.electricity.heat_map.to_numpy().ravel()
        order = np.argsort(values)
        lightness = np.array([luminance(box.get_facecolor()) for box in boxes])[order]
        assert (np.diff(lightness) > -0.002).all()
        assert lightness[-1] - lightness[0] > 0.5

    def test_values_can_be_read_on_their_colour(self, drawn):
        for box, text in cells_of(drawn("emissions_map")):
            light, dark = sorted(
                (luminance(box.get_facecolor()), luminance(text.get_color())), reverse=True
            )
            assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1, AA

    @pytest.mark.parametrize(
        ("chosen", "coverage"), [(None, 0.5), (0.5, 0.5), (1.0, 1.0), (0.25, 0.25)]
    )
    def test_the_configuration_chooses_the_coverage(self, texts, chosen, coverage):
        study = make_study(coverage=(0.25, 0.5, 1.0))
        study = dataclasses.replace(
            study, config={**study.config, "figures": {"heat_map_coverage": chosen}}
        )
        case = study.cases()[0]
        poland = study.scenarios.query(
            f"n_train == 60000 and country_iso3 == 'POL' and source == 'coal' "
            f"and coverage == {coverage}"
        )
        assert case.electricity.heat_map.loc["POL", "coal"] == poland["emissions_g"].iloc[0]
        told = captions(case, texts["en"])["emissions_map"]
        assert (f"covers {coverage:.0%} of" in told) == (coverage < 1)

    def test_with_full_contracts_alone_it_says_that_the_country_does_not_count(self, texts):
        case = make_study(coverage=(1.0,)).cases()[0]
        assert "the country no longer matters" in captions(case, texts["en"])["emissions_map"]
        contracts = case.electricity.heat_map.drop(columns="grid")
        assert (contracts.nunique() == 1).all()

    def test_an_unknown_cell_is_a_dash(self, study, texts):
        scenarios = study.scenarios.copy()
        poland = (scenarios["country_iso3"] == "POL") & (scenarios["source"] == "coal")
        scenarios.loc[poland, ["emissions_g", "emissions_g_low", "emissions_g_high"]] = np.nan
        less = dataclasses.replace(study, scenarios=scenarios)
        figure = draw("emissions_map-mlp", less, texts["en"])
        assert [text.get_text() for _, text in cells_of(figure)].count("–") == 1
        assert "A dash: unknown" in captions(less.cases()[0], texts["en"])["emissions_map"]

    def test_without_any_intensity_the_figures_say_so(self, study, texts):
        columns = ["emissions_g", "emissions_g_low", "emissions_g_high"]
        bare = dataclasses.replace(
            study, scenarios=study.scenarios.assign(**dict.fromkeys(columns, np.nan))
        )
        for name in ("emissions_map", "country_ranking"):
            figure = draw(f"{name}-mlp", bare, texts["en"])
            reason = texts["en"](f"figure.{name}.no_intensity")
            assert [text.get_text() for text in figure.texts] == [reason]
            assert captions(bare.cases()[0], texts["en"])[name] == reason

    def test_costs_are_drawn_where_no_intensity_is_known(self, study, texts):
        columns = ["emissions_g", "emissions_g_low", "emissions_g_high"]
        bare = dataclasses.replace(
            study, scenarios=study.scenarios.assign(**dict.fromkeys(columns, np.nan))
        )
        lines = draw("source_cost-mlp", bare, texts["en"]).axes[0].lines
        assert len(lines) == len(bare.cases()[0].electricity.source_order("cost")) > 1
        assert len({(line.get_color(), line.get_marker()) for line in lines}) == len(lines)
