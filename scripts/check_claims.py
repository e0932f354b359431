"""Put the poster's claims to the test against the study's measurements."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import claims, tables
    from ecosobriety.steps import logs
    from ecosobriety.study.study import StudyFiles, read_study

with logs.logged_to(snakemake.log[0], snakemake.output):
    paths = {name: Path(path) for name, path in snakemake.input.items()}
    asked = claims.load_claims(paths.pop("claims"), paths.pop("claims_schema"))
    study = read_study(json.loads(snakemake.params.config), StudyFiles(**paths))
    tables.write_table("claims", claims.check_claims(study, asked), Path(snakemake.output[0]))
