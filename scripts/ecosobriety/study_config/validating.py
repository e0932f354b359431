"""JSON Schema as a study's file is checked by it; imported only where something is checked."""

from collections.abc import Iterable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match, by_relevance
from jsonschema.validators import extend

# A misspelt key is often the reason why another one is missing, so it comes first.
_relevance = by_relevance(strong={"additionalProperties"})

# JSON Schema calls 5000.0 an integer, but a folder n5000.0 is not n5000.
validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def first_error(errors: Iterable[Any]) -> Any:
    """The error that is named, of those that a value has."""
    return best_match(errors, key=_relevance)
