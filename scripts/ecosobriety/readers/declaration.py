"""The declared data set, and the labels that a user gives of its examples."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ecosobriety.datasets.declared import Declared
from ecosobriety.errors import DataError
from ecosobriety.files import home_expanded
from ecosobriety.readers import class_names


def read_declared(spec: Mapping[str, Any]) -> Declared:
    """The declared data set, with the labels of the user's file if there is one.

    Args:
        spec: the configuration's section `dataset`.

    Raises:
        DataError: the file holds no labels, or not as many as there are examples.
    """
    name, n_examples = spec["name"], int(spec["n_examples"])
    digest = hashlib.sha256(f"declared {n_examples}\n".encode())
    if spec.get("labels") is None:
        return Declared(name, n_examples, None, (), digest.hexdigest())
    path = home_expanded(spec["labels"])
    try:
        # Imported where it is needed: a training waits for no Arrow.
        from ecosobriety.readers import table

        coded = table.read_labels(path, spec.get("label"), n_examples)
        if len(coded.index) != n_examples:
            raise DataError(
                f"holds {len(coded.index)} labels, but must hold one for each of the {n_examples} "
                "examples (dataset.n_examples)"
            )
        classes, (labels,), found = class_names.encode([coded], ["the table"])
        if 2 * len(classes) > n_examples:
            raise DataError(
                f"holds {len(classes)} distinct labels for {n_examples} examples, too many to be "
                "their classes: name another column with dataset.label, or leave out dataset.labels"
            )
    except DataError as error:
        # What opens a file names it already.
        why = str(error).removeprefix(f"{path}: ")
        raise DataError(f"{path}: {why}") from error
    digest.update(json.dumps(classes).encode())
    digest.update(labels.astype("<i8").tobytes())
    return Declared(name, n_examples, labels, classes, digest.hexdigest(), tuple(found))
