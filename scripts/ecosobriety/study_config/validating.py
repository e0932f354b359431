"""JSON Schema as a study's file is checked by it; imported only where something is checked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match, by_relevance
from jsonschema.validators import extend

# A misspelt key is often the reason why another one is missing, so it comes first.
_relevance = by_relevance(strong={"additionalProperties"})


def _asked_for(validator: Any, required: Any, value: Any, schema: Any) -> Iterator[Any]:
    """What keys ask for beside them, as JSON Schema has it; a key's default asks for nothing."""
    if not isinstance(value, Mapping):
        return
    defaults = {name: part.get("default") for name, part in schema.get("properties", {}).items()}
    asking = {
        name: others
        for name, others in required.items()
        if name in value and value[name] != defaults.get(name)
    }
    checked = Draft202012Validator.VALIDATORS["dependentRequired"]
    yield from checked(validator, asking, value, schema)


# JSON Schema calls 5000.0 an integer, but a folder n5000.0 is not n5000.
validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"dependentRequired": _asked_for},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def first_error(errors: Iterable[Any]) -> Any:
    """The error that is named, of those that a value has."""
    return best_match(errors, key=_relevance)
