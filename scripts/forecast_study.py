"""Forecast what a study's trainings will take, from measured batches or finished trainings."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import footprint
    from ecosobriety.files import write_json
    from ecosobriety.forecast import forecast
    from ecosobriety.records import collecting
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    planned, priced = (json.loads(snakemake.params[name]) for name in ("planned", "priced"))
    output = Path(snakemake.output[0])
    asked = collecting.Asked.read(snakemake.input.identity, snakemake.params.asked)
    pilots = {Path(path).stem: Path(path) for path in snakemake.input.pilots}
    models = {}
    for name, trainings in planned.items():
        least, most = (
            {int(size): count for size, count in trainings[end].items()}
            for end in ("least", "most")
        )
        models[name] = {"counts": most, "least": least}
        if name in pilots:
            models[name]["pilot"] = json.loads(pilots[name].read_bytes())
        else:
            keys = [tuple(key) for key in trainings["keys"]]
            models[name]["past"] = forecast.past_of(output.parent, keys, asked)
    factors = footprint.Factors.read(snakemake.input)
    where = ("country_iso3", "sources", "cost", "pue")
    found = forecast.make_forecast(
        models,
        forecast.prices_of(factors, *(priced[name] for name in where)),
        by_size=snakemake.params.by_size,
        machine_price_per_hour=priced["machine_price_per_hour"],
    )
    names = {name: snakemake.params[name] for name in ("asked_digest", "priced_digest")}
    found |= {"asked": names["asked_digest"], "priced": names["priced_digest"]}
    write_json(output, found)
