"""Recommend the sufficient size at several margins, with what it saves."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import datasets, decision, footprint, tables
    from ecosobriety.files import write_json
    from ecosobriety.forecast import budget, forecast, kept
    from ecosobriety.metrics import metric_from
    from ecosobriety.records import collecting, tracker_runs
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    metric = metric_from(json.loads(snakemake.params.metric))
    runs, epochs, levers = (
        tables.read_table(n, Path(snakemake.input[n]), metric) for n in ("runs", "epochs", "levers")
    )
    scenarios, savings = footprint.derive_tables(
        runs, footprint.Factors.read(snakemake.input), **json.loads(snakemake.params.electricity)
    )
    data = decision.TestPart.of(datasets.intake.read(Path(snakemake.input.intake)), metric)
    growth = [json.loads(Path(path).read_text("utf-8")) for path in snakemake.input.growth]
    country = snakemake.params.country
    rules = {m: decision.GrowthRule(**r) for m, r in json.loads(snakemake.params.rules).items()}
    added = {model: rule.standard_errors for model, rule in rules.items()}
    criteria = decision.Criteria(**json.loads(snakemake.params.analysis))
    decided = decision.recommend(runs, criteria, data=data, metric=metric, z_of=added)
    answer = decision.add_savings(decided, scenarios, savings, country)
    answer = decision.add_levers(answer, levers, epochs)
    ladder = snakemake.params.ladder
    answer = decision.add_growth(
        answer, growth, runs, rules, data=data, metric=metric, ladder=ladder, epochs=epochs
    )
    asked = collecting.Asked.read(snakemake.input.identity, snakemake.params.asked)
    keys, folder = json.loads(snakemake.params.beside_plan), Path(snakemake.output[0]).parent
    paid = decision.read_beside_plan(folder, keys, asked, runs)
    measured = kept.spent_kwh(folder, runs["dataset"].iloc[0])
    tracked = tracker_runs.read_all(snakemake.input.trackers)
    answer = decision.add_study_cost(answer, runs, scenarios, country, paid, measured, tracked)
    usage = decision.Usage(**json.loads(snakemake.params.usage), pue=snakemake.params.pue)
    answer = decision.add_scale(answer, runs, usage)
    factors = footprint.load_hardware(Path(snakemake.input.embodied))
    hardware = footprint.hardware_of(json.loads(snakemake.params.hardware), factors)
    answer = footprint.add_embodied(answer, runs, scenarios, country, hardware)
    water, spending = map(json.loads, (snakemake.params.water, snakemake.params.budget))
    answer = footprint.add_water(answer, scenarios, country, water, snakemake.params.pue)
    prices = decision.Prices(answer["results"][0], scenarios, country)
    own = forecast.own_forecast(spending, asked, prices, **json.loads(snakemake.params.planned))
    answer = forecast.add_outcome(answer, json.loads(snakemake.params.forecast) or own, runs)
    write_json(Path(snakemake.output[0]), budget.add_budget(answer, spending))
