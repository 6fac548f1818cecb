"""Keeps the house honest: paired tests, documented settings, events and packages, nobody's number, no machine's path.

That every route demands identity or is public is shown by `tests/signaling/test_app.py`.
"""

import ast
import re
from pathlib import Path

import pytest

from audit.events import EventType
from signaling.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("signaling", "rooms", "sfu", "auth", "audit", "kiosk", "db")
# Hold values or wiring only; what they do is shown by the tests of those who use them.
WITHOUT_OWN_TEST = frozenset({"db/migrations/env.py", "sfu/negotiated.py"})


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if path.name != "__init__.py" and "versions" not in path.parts]


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_its_test(module: Path) -> None:
    relative = module.relative_to(ROOT)
    if str(relative) in WITHOUT_OWN_TEST:
        return
    paired = ROOT / "tests" / relative.parent / f"test_{module.name}"
    assert paired.exists(), f"{relative} has no {paired.relative_to(ROOT)}"


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_every_setting_is_documented() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`{name.upper()}`" not in text]
    assert missing == []


def test_every_audit_event_is_documented() -> None:
    text = (ROOT / "PROTOCOL.md").read_text(encoding="utf-8")
    missing = [event.value for event in EventType if f"`{event.value}`" not in text]
    assert missing == []


def test_every_package_says_why_it_is_here() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = re.findall(r'^    "([A-Za-z0-9-]+)', project.partition("[project.optional")[0], re.MULTILINE)
    missing = [name for name in names if name.lower() not in text and name != "tzdata"]
    assert missing == []


DEMO_PEOPLE = frozenset({"auth/demo.py", "rooms/demo.py"})


def test_no_machine_and_nobody_stands_in_the_project() -> None:
    """Paths of one machine do not belong in files, nor identity numbers outside the demo's."""
    wrong = []
    for path in (*ROOT.glob("*.md"), *modules()):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        if re.search(r"(?<!\w)/(home|root|Users)/\w", text):
            wrong.append(name)
        if path.suffix == ".py" and name not in DEMO_PEOPLE and re.search(r"\b(18|19|20)\d{10}\b", text):
            wrong.append(name)
    assert wrong == []
