# The study's configuration, checked and completed; a wrong one ends here, before any job.
def canonical(value):
    """A value as one parameter: Snakemake compares text, whatever the order of the keys."""
    # A brace in the user's own words would be taken for a wildcard; and what stands in a script of
    # Snakemake's report must not end it.
    text = json.dumps(value, sort_keys=True).replace("<", r"\u003c")
    return re.sub(r'\{(?!["}])', r"\\u007b", text)


@cache
def look_at(dataset):
    """What is known of the data set (as JSON); read once, and reported once."""
    spec = json.loads(dataset)
    # Of what the check does not read whole, the study knows more once it has read it.
    known = known_data(spec)
    if known is not None:
        data = Path(f"results/{config['study']}/data/{spec['name']}.npz")
        early = readers.is_read_early(spec)
        known = None if early else datasets.intake.with_labels(known, data)
    look = readers.take_in if spec["class_path"] is None else readers.foresee_module
    intake = known or look(spec)
    for finding in intake.findings:
        mark = "warning" if finding.headline else "note"
        print(f"{mark}: {finding.sentence()}", file=sys.stderr)
    return intake


def known_data(spec):
    """What the study knows of its data, if these were read as they are now."""
    known = Path(f"results/{config['study']}/data/{spec['name']}.intake.json")
    source = datasets.intake.source_of(canonical(spec), readers.stamp(spec))
    try:
        intake = datasets.intake.read(known)
    except EcosobrietyError:
        return None
    return intake if intake.source == source else None


def take_in(dataset):
    """What is known of the data set; a job need not read the user's files once more for that.

    Of a study that grows, a job needs the number of examples: the step that prepared them knows it.
    """
    if workflow.is_main_process:
        return look_at(json.dumps(dataset))
    known = Path(f"results/{config['study']}/data/{dataset['name']}.intake.json")
    return datasets.intake.read(known) if known.exists() else None


def check_classes(used):
    """What is wrong with the user's own classes; a job imports those that it needs itself."""
    return classes.check_apart(used) if workflow.is_main_process else [None] * len(used)


def read_files(paths):
    """The study's files as they are written; a wrong one ends here, and names itself.

    Snakemake's own reader lets a key stand twice, and much else.
    """
    try:
        return [study_files.read(Path(os.path.relpath(path))) for path in paths]
    except EcosobrietyError as error:
        sys.exit(f"error: {error}")


def complete_config(written):
    """The study's configuration with its defaults; a wrong one ends here, before any job."""
    paths = workflow.overwrite_configfiles or ["config/config.yaml"]
    file = os.path.relpath(paths[-1])
    read = []
    if not workflow.modifier.is_main_snakefile():
        # Whoever uses this as a module gives a configuration, wherever it comes from.
        paths, file = [], "the module's config"
        read = [study_files.StudyFile(file, {}, {})]
    schema_path = ROOT / "workflow/schemas/config.schema.yaml"
    # What `--config` says is for the main Snakefile, and a module's where that hands it on.
    handed_on = config is workflow.globals["config"]
    command_line = dict(workflow.config_settings.config) if handed_on else {}
    if workflow.is_main_process:
        read += read_files(paths)
    try:
        if command_line:
            written = deepcopy(written)
            schema = read_schema(schema_path)
            update_config(
                written, config_layers.read_command_line(schema, command_line)
            )
        edition = editions.resolve(written.get("factors"), FACTORS)
        intensities = editions.table_path(FACTORS, edition, "source_intensity")
        section = written.get("country_data")
        if isinstance(section, Mapping) or section is None:
            section = editions.country_settings(section or {}, FACTORS, edition)
        try:
            known = electricity.known_countries(section)
        except EcosobrietyError as error:
            shown = show(written["country_data"]["path"])
            raise fault(file, "country_data.path", f"is {shown}, but {error}")
        completed = study_config.complete(
            written,
            schema_path=schema_path,
            file=file,
            countries=known["country_iso3"].tolist(),
            sources=load_sources(intensities)["source"].tolist(),
            take_in=take_in,
            check_classes=check_classes,
        )
        prices = editions.table_path(FACTORS, edition, consumer_prices.TABLE)
        try:
            consumer_prices.grid_prices(completed["cost"], prices)
        except ConfigError as error:
            raise fault(file, "cost.consumer_prices", f"is households, but {error}")
        litres = editions.table_path(FACTORS, edition, water_factors.TABLE)
        try:
            water_factors.figures(completed["water"], litres)
        except ConfigError as error:
            raise fault(
                file, f"water.{water_factors.KEY}", f"names a source, but {error}"
            )
        return completed
    except EcosobrietyError as error:
        sys.exit(f"error: {config_layers.blame(error, read, command_line)}")


config = complete_config(dict(config))
# They decide nothing of any study: which ones `compare` puts side by side, and the first of them.
ASKED_TO_COMPARE = (config.pop("studies"), config["study"], config.pop("compare_with"))
COMPARED = ASKED_TO_COMPARE[0] or [config["study"], *ASKED_TO_COMPARE[2]]
