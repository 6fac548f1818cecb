"""Every shape belongs to an answer of some call; tests/contracts/test_openapi.py shows that answers keep to them."""

import inspect

from typing_extensions import is_typeddict

from signaling.api import answers
from signaling.api.openapi import OPERATIONS, document


def test_every_shape_is_published() -> None:
    published = document(secure=True)["components"]["schemas"]
    shapes = [name for name, kind in inspect.getmembers(answers, is_typeddict) if kind.__module__ == answers.__name__]
    assert len(shapes) > 15
    assert set(shapes) <= set(published)


def test_every_answer_with_a_body_has_a_shape() -> None:
    for (method, path), operation in OPERATIONS.items():
        for status, answer in operation.answers.items():
            bodiless = status in (101, 204) or answer.content_type != "application/json"
            assert bodiless or answer.shape is not None, f"{method} {path} {status}"
