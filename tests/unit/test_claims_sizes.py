"""The claims on sizes: accuracy saturates, and the energy of more images."""

import numpy as np
import pytest
from claim_cases import (
    ACCURACY,
    ENERGY_KWH,
    assert_unchecked,
    claim_of,
    runs_of,
    tiny_study,
)
from scipy import stats

DIGITS_ACCURACY = {200: [0.90, 0.91], 600: [0.96, 0.965], 1400: [0.98, 0.981]}


class TestAccuracySaturates:
    # t(0.95, 2) = 2.9200; SE = 0.002 / sqrt(3) = 0.0011547; reach = 0.0033717
    @pytest.mark.parametrize(
        ("margin", "verdict"),
        [(0.02, "supported"), (0.01, "inconclusive"), (0.004, "not_supported")],
    )
    def test_verdict_is_that_of_the_margin(self, poster, margin, verdict):
        row = claim_of(tiny_study(margin=margin), poster, "accuracy_saturates")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(-0.008)
        assert row["ci_low"] == pytest.approx(-0.0113717, abs=1e-7)
        assert row["ci_high"] == pytest.approx(-0.0046283, abs=1e-7)

    def test_p_is_that_of_scipy(self, poster):
        row = claim_of(tiny_study(margin=0.01), poster, "accuracy_saturates")
        difference = np.subtract(ACCURACY[30_000], ACCURACY[60_000])
        p_value = stats.ttest_1samp(difference, -0.01, alternative="greater").pvalue

        assert f"p = {p_value:.3f}" in row["explanation_en"]
        assert f"p = {p_value:.3f}".replace(".", ",") in row["explanation_fr"]

    def test_numbers_are_told(self, poster):
        told = claim_of(tiny_study(margin=0.02), poster, "accuracy_saturates")["explanation_en"]

        for number in ("mlp on fashion-mnist", "3 seeds", "87.20%", "88.00%", "−0.8 points"):
            assert number in told
        assert "−1.14 points" in told
        assert "2 points" in told
        assert "stand in" not in told

    def test_a_difference_without_variance_is_told_as_such(self, poster):
        accuracy = {30_000: [0.87, 0.88], 60_000: [0.88, 0.89]}
        row = claim_of(tiny_study(accuracy, ENERGY_KWH, margin=0.02), poster, "accuracy_saturates")

        assert row["verdict"] == "supported"
        assert row["ci_low"] < -0.01 < row["ci_high"]  # the test part's own sampling
        assert "the same with every seed" in row["explanation_en"]

    def test_size_is_tested_alone_where_a_larger_one_failed(self, poster):
        accuracy = {30_000: [0.90, 0.91, 0.92], 40_000: [0.80, 0.9, 0.7], 60_000: [0.9, 0.91, 0.92]}
        energy = {size: [1.0, 1.1, 1.2] for size in accuracy}
        study = tiny_study(accuracy, energy)
        row = claim_of(study, poster, "accuracy_saturates")

        assert study.curve["verdict_reason"].tolist()[0] == "sequence_stopped"
        assert row["verdict"] == "supported"
        assert "a larger one failed" in row["explanation_en"]

    def test_larger_size_is_the_claims_and_not_the_reference(self, poster):
        accuracy = {**ACCURACY, 50_000: [0.5, 0.5, 0.51]}
        energy = {size: [1.0, 1.1, 1.2] for size in accuracy}
        study = tiny_study(accuracy, energy, reference=50_000)

        row = claim_of(study, poster, "accuracy_saturates")

        assert row["measured_value"] == pytest.approx(-0.008)

    def test_one_pair_is_no_test(self, poster):
        accuracy = {30_000: [0.87, None, None], 60_000: [0.88, 0.88, 0.88]}
        row = claim_of(tiny_study(accuracy, ENERGY_KWH), poster, "accuracy_saturates")

        assert_unchecked(row)
        assert "Fewer than two seeds" in row["explanation_en"]


class TestEnergySurplus:
    def test_interval_is_that_of_scipy(self, poster):
        energy = {30_000: [1e-4, 2e-4, 3e-4], 60_000: [3e-4, 6e-4, 9e-4]}
        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")
        expected = stats.ttest_rel(energy[60_000], energy[30_000]).confidence_interval(0.95)

        assert row["verdict"] == "not_supported"
        # Surpluses 2, 4 and 6 x 1e-4 kWh; t(0.975, 2) = 4.3027; reach 4.3027 * 2 / sqrt(3) = 4.9683
        assert row["measured_value"] == pytest.approx(4e-4)
        assert row["ci_low"] == pytest.approx(-0.9683e-4, abs=1e-8)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))
        # 436.3 / 4e-4 = 1,090,750
        assert "1,100,000 times" in row["explanation_en"]

    @pytest.mark.parametrize(
        ("surplus_kwh", "verdict"),
        [
            # mean 436, SD 6: 436 +- 4.3027 * 6 / sqrt(3) = 436 +- 14.9
            ([430, 436, 442], "supported"),
            # mean 433.3, SD 1450: holds 0 and 436.3
            ([-1000, 400, 1900], "inconclusive"),
            # mean 500, SD 10: 500 +- 24.8
            ([490, 500, 510], "not_supported"),
        ],
    )
    def test_verdict(self, poster, surplus_kwh, verdict):
        energy = {30_000: [2000.0] * 3, 60_000: [2000.0 + value for value in surplus_kwh]}

        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(np.mean(surplus_kwh))
        assert row["poster_value"] == 436.3

    def test_durations_at_the_measured_power_and_at_a_plausible_one(self, poster):
        # 0.4 kWh in 3600 s is 400 W: 436.3 kWh last 1090.75 h, 45.4 days; at 100 W 4363 h, 181.8 d
        energy = {30_000: [0.1, 0.1, 0.1], 60_000: [0.4, 0.4, 0.4]}
        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        told = row["explanation_en"]
        assert "(400 W)" in told
        assert "1,091 hours (45.4 days)" in told
        assert "100 W would need 4,363 hours (182 days)" in told
        assert "power models" not in told
        assert "4 363 heures" in row["explanation_fr"]

    def test_estimated_energy_is_told_as_such(self, poster):
        runs = runs_of(ACCURACY, ENERGY_KWH).assign(energy_quality="estimated")

        row = claim_of(tiny_study(runs=runs), poster, "energy_surplus")

        assert "power models" in row["explanation_en"]

    def test_no_surplus_has_no_factor(self, poster):
        energy = {30_000: [2.0, 2.1, 2.0], 60_000: [1.0, 1.0, 1.2]}

        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        assert row["verdict"] == "not_supported"
        assert row["measured_value"] < 0
        assert "uses no more energy" in row["explanation_en"]
        assert " times " not in row["explanation_en"]

    def test_no_measured_time_has_no_power(self, poster):
        runs = runs_of(ACCURACY, ENERGY_KWH, duration_s=0.0)

        row = claim_of(tiny_study(runs=runs), poster, "energy_surplus")

        assert "this machine" not in row["explanation_en"]
        assert "4,363 hours" in row["explanation_en"]

    def test_one_pair_is_no_test(self, poster):
        accuracy = {30_000: [0.87, None, None], 60_000: [0.88, 0.88, 0.88]}

        assert_unchecked(claim_of(tiny_study(accuracy, ENERGY_KWH), poster, "energy_surplus"))


class TestOtherSizes:
    def test_reference_and_the_size_nearest_its_half_stand_in(self, poster):
        energy = {size: [1e-6, 2e-6] for size in DIGITS_ACCURACY}
        study = tiny_study(DIGITS_ACCURACY, energy)

        for claim_id in ("accuracy_saturates", "energy_surplus", "money_saved"):
            row = claim_of(study, poster, claim_id)
            assert "30,000 and 60,000 images, were not both run" in row["explanation_en"]
            assert "its reference size of 1,400" in row["explanation_en"]
            assert "nearest to half of it, 600," in row["explanation_en"]
            assert "30,000" in row["statement_en"]
        # 0.96 - 0.98 and 0.965 - 0.981: mean -0.018
        measured = claim_of(study, poster, "accuracy_saturates")["measured_value"]
        assert measured == pytest.approx(-0.018)

    @pytest.mark.parametrize(
        # 436.3 kWh for 30,000 images are 11.635 kWh for 800, 14.5 Wh each.
        ("surplus_kwh", "verdict"),
        [((11.6, 11.7), "supported"), ((436.2, 436.4), "not_supported")],
    )
    def test_energy_is_compared_for_as_many_images(self, poster, surplus_kwh, verdict):
        energy = {200: [1.0, 1.0], 600: [2.0, 2.0], 1400: [2.0 + value for value in surplus_kwh]}

        row = claim_of(tiny_study(DIGITS_ACCURACY, energy), poster, "energy_surplus")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(np.mean(surplus_kwh))
        assert "14.5 Wh on the poster" in row["explanation_en"]

    def test_reference_alone_cannot_be_compared(self, poster):
        study = tiny_study({1400: [0.98, 0.981]}, {1400: [1e-6, 2e-6]})

        for claim_id in ("accuracy_saturates", "energy_surplus", "money_saved", "source_matters"):
            assert_unchecked(claim_of(study, poster, claim_id))
