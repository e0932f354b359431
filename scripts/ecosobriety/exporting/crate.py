"""A Workflow Run RO-Crate: the study's files, the workflow that made them, and the run itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.softwareapplication import SoftwareApplication
from rocrate.rocrate import ROCrate

from ecosobriety.study.wording import study_title

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
}
WORKFLOW = "Snakefile"
_MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}


def write_crate(
    folder: Path, snakefile: Path, provenance: Mapping[str, Any], software: Mapping[str, Any]
) -> None:
    """Put `ro-crate-metadata.json` and the workflow's Snakefile beside the files of a folder.

    Args:
        folder: holds all results; every file in it becomes part of the crate.
        snakefile: the workflow's main file.
        provenance: as `provenance.describe` gives it.
        software: the content of CITATION.cff.
    """
    config, trainings = provenance["config"], provenance["trainings"]
    crate = ROCrate()
    # A crate has one name: that of the first language.
    crate.name = study_title(config, config["languages"][0])
    crate.description = str(software["title"])
    crate.license = str(software["license"])
    first, last = trainings["first_started_at"], trainings["last_ended_at"]
    if last is not None:
        crate.datePublished = last
    workflow = crate.add_workflow(
        snakefile,
        WORKFLOW,
        main=True,
        lang="snakemake",
        properties={"name": "Ecosobriety", "version": str(software["version"])},
    )
    results = [
        crate.add_file(
            path,
            path.relative_to(folder).as_posix(),
            properties={"encodingFormat": _MEDIA[path.suffix]},
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    version = provenance["packages"].get("snakemake", "")
    engine = crate.add(
        SoftwareApplication(crate, "#snakemake", {"name": "Snakemake", "softwareVersion": version})
    )
    action = crate.add_action(
        workflow,
        identifier="#run",
        result=results,
        properties={
            "@type": "CreateAction",
            "name": f"{trainings['number']} trainings of the study {config['study']}",
            **({} if first is None else {"startTime": first}),
            **({} if last is None else {"endTime": last}),
            "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        },
    )
    crate.root_dataset.append_to("mentions", action)
    crate.add(
        ContextEntity(
            crate,
            "#engine-run",
            {
                "@type": "OrganizeAction",
                "name": "Run of Snakemake",
                "instrument": {"@id": engine.id},
                "result": {"@id": action.id},
            },
        )
    )
    for identifier, name in PROFILES.items():
        profile = ContextEntity(crate, identifier, {"@type": "CreativeWork", "name": name})
        crate.root_dataset.append_to("conformsTo", crate.add(profile))
    crate.metadata.write(folder)
    (folder / WORKFLOW).write_bytes(snakefile.read_bytes())
