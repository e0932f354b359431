# What counts by its content, whatever its time is.
def own_content(rule, more=lambda wildcards: []):
    """The digest of the software's tables and texts that a rule reads, as a parameter.

    One that is put back, or comes with another release, may be older than what was made of another.
    Were it a function of the input, Snakemake would not compare it; `more` gives what the rule's
    own functions of the wildcards do.
    """

    def content(wildcards):
        folders = [Path(own(name)).absolute() for name in ("config", "workflow")]
        files = [file for file in getattr(rules, rule).input if isinstance(file, str)]
        read = [
            file.format(**wildcards)
            for file in files
            if any(Path(file).absolute().is_relative_to(folder) for folder in folders)
        ]
        return commands.watched_digest([*read, *more(wildcards)], Path.cwd())

    return content


LANGUAGES = {Path(report).stem: language for language, report in REPORTS.items()}


def page_texts(wildcards):
    """What a page says, in its language."""
    return sorted(map(str, Path(LOCALE, LANGUAGES[wildcards.page]).glob("*.yaml")))
