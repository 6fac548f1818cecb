"""What is written keeps to the shape that is published."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rooms import view
from rooms.state import State, Summary
from tests.rooms.test_policy import viewer
from tests.rooms.test_view import HOUSE
from tests.rooms.values import NOW

WHO = ("anna", "leila", "karin", "per", "elin", "nils", "stig")


def holes(schema: dict[str, Any], value: Any, definitions: dict[str, Any], where: str = "") -> list[str]:
    """Fields that were written but are not in the schema."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        return [hole for item in value for hole in holes(schema.get("items", {}), item, definitions, where)]
    if not isinstance(value, dict):
        return []
    if "anyOf" in schema:
        schema = definitions[next(one["$ref"] for one in schema["anyOf"] if "$ref" in one).rsplit("/", 1)[1]]
    found = [f"{where}.{name}" for name in value if name not in schema["properties"]]
    for name, item in value.items():
        found += holes(schema["properties"].get(name, {}), item, definitions, f"{where}.{name}")
    return found


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("later", [timedelta(), timedelta(days=40)])
def test_every_viewers_state_has_the_published_shape(who: str, later: timedelta) -> None:
    for kind, made in (
        (TypeAdapter(State), view.state(HOUSE, viewer(who), NOW + later)),
        (TypeAdapter(Summary), view.summary(view.state(HOUSE, viewer(who), NOW + later))),
    ):
        assert kind.validate_python(made, strict=True) == made
        schema = kind.json_schema()
        assert holes(schema, made, schema["$defs"]) == []


def test_a_state_without_a_field_has_not() -> None:
    made: Any = view.state(HOUSE, viewer("anna"), NOW)
    del made["me"]["may"]
    with pytest.raises(ValidationError):
        TypeAdapter(State).validate_python(made, strict=True)
