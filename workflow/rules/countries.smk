# A table of the user's own, if there is one.
COUNTRY_TABLES = [
    str(files.home_expanded(path)) for path in [COUNTRY_DATA["path"]] if path
]


rule prepare_countries:
    input:
        sources=SOURCE_INTENSITY,
        table=COUNTRY_TABLES,
    output:
        countries=STUDY_FILES["countries"],
        country_data=STUDY_FILES["country_data"],
    log:
        f"{LOGS}/prepare_countries.log",
    benchmark:
        f"{BENCHMARKS}/prepare_countries.tsv"
    conda:
        ENVIRONMENT
    params:
        country_data=canonical(COUNTRY_DATA),
        # A copy, or what is unpacked, may be older than the table that it replaces.
        content=lambda _: commands.watched_digest(COUNTRY_TABLES, Path.cwd()),
        # Its table is part of the package and no input file.
        codecarbon=version("codecarbon"),
        tables=own_content("prepare_countries"),
        code=code("prepare_countries"),
    script:
        "../../scripts/prepare_countries.py"


# Never part of a study: what it writes is used where `country_data.path` names it.
rule refresh_countries:
    output:
        table=REFRESHED,
    log:
        f"{LOGS}/refresh_countries.log",
    benchmark:
        f"{BENCHMARKS}/refresh_countries.tsv"
    conda:
        ENVIRONMENT
    script:
        "../../scripts/refresh_countries.py"


rule refresh:
    input:
        REFRESHED,
