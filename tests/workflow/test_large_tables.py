"""Above 100,000 rows a table is Parquet alone, and everything after it reads that."""

from ecosobriety.tables import CSV_UP_TO_ROWS, read_table

COUNTRIES, SIZES, SOURCES, COVERAGES = 214, 3, 5, 32
TABLES = ("scenarios", "savings")


def enlarge(config):
    config["grid"].update(
        countries="all", coverage=[round((i + 1) / COVERAGES, 5) for i in range(COVERAGES)]
    )


def test_small_tables_are_parquet_and_csv_with_the_same_rows(finished):
    for name in TABLES:
        parquet, csv = (
            read_table(name, finished.results(f"tables/{name}{suffix}"))
            for suffix in (".parquet", ".csv")
        )
        assert len(parquet) == len(csv) == SIZES * 6 * (SOURCES * 2 + 1)
        assert parquet.equals(csv)


def test_a_deleted_csv_is_made_again(workflow):
    workflow.results("tables/savings.csv").unlink()
    assert workflow.planned()["derive_scenarios"] == 1


def test_a_large_study_has_its_report_without_any_large_csv(workflow):
    config = workflow.with_config(enlarge)
    workflow.snakemake("--cores", "2", config=config)
    rows = COUNTRIES * SIZES * (SOURCES * COVERAGES + 1)
    assert rows > CSV_UP_TO_ROWS
    for name in TABLES:
        assert len(read_table(name, workflow.results(f"tables/{name}.parquet"))) == rows
        assert not workflow.results(f"tables/{name}.csv").exists()
    page = (workflow.folder / "reports/digits/report.html").read_text(encoding="utf-8")
    assert "The electricity of 214 countries" in page
    assert not workflow.planned(config=config)
