"""The description is a whole OpenAPI document: every reference leads somewhere, every path parameter is described."""

import json
import re

from signaling.api.openapi import OPERATIONS, document


def test_every_reference_leads_somewhere() -> None:
    described = document(secure=True)
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(described)):
        assert reference in described["components"]["schemas"]


def test_every_operation_is_described_with_its_parameters_and_errors() -> None:
    paths = document(secure=True)["paths"]
    for (method, path), operation in OPERATIONS.items():
        described = paths[path][method.lower()]
        names = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"}
        assert names == set(re.findall(r"{(\w+)}", path))
        assert "default" in described["responses"]
        assert ("requestBody" in described) == (operation.body is not None or operation.content_type is not None)
        assert ("security" in described) == operation.public


def test_identity_numbers_are_never_given_as_examples() -> None:
    assert not re.search(r"\d{12}", json.dumps(document(secure=True)))
