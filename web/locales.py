"""Finds the texts of pages and scripts, and brings the translations up to date: `python -m web.locales`.

Texts are the arguments of `_`, `gettext`, `ngettext` in templates and Python pages, of `t`, `ngettext` in TypeScript.
New ones are added to `locales/en/LC_MESSAGES/hemmaplan.po` without a translation: a test fails until it has one.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).parent
ROOT = WEB.parent
PO = WEB / "locales" / "en" / "LC_MESSAGES" / "hemmaplan.po"

OPTIONS = {"silent": "false", "extensions": "jinja2.ext.do", "trim_blocks": "true", "newstyle_gettext": "true"}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2)}
SCRIPT_KEYWORDS: dict[str, tuple[int, ...] | None] = {"t": None, "ngettext": (1, 2)}

# Header lines that would change with every run and say nothing.
_WITHOUT = re.compile(
    r'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Report-Msgid-Bugs-To|Project-Id-Version):[^\n]*\n'
)

_QUOTED = r'"((?:[^"\\]|\\.)*)"'


def _script_texts(source: str) -> Iterator[tuple[int, str | tuple[str, str]]]:
    for found in re.finditer(rf"\bt\(\s*{_QUOTED}", source):
        yield source.count("\n", 0, found.start()) + 1, _unescape(found[1])
    for found in re.finditer(rf"\bngettext\(\s*{_QUOTED},\s*{_QUOTED}", source):
        yield source.count("\n", 0, found.start()) + 1, (_unescape(found[1]), _unescape(found[2]))


def _unescape(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _empty() -> Catalog:
    return Catalog(locale="en", charset="utf-8", fuzzy=False, header_comment="# Hemmaplan in English.")


def texts() -> Catalog:
    """Every text that a page or script can show, with the files it stands in."""
    catalog = _empty()
    for path in sorted((WEB / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for line, message, _, _ in extract("jinja2.ext:babel_extract", file, KEYWORDS, options=OPTIONS):
                catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)])
    for path in sorted((ROOT / "signaling").rglob("*.py")):
        with path.open("rb") as file:
            for line, message, _, _ in extract("python", file, KEYWORDS):
                catalog.add(message, locations=[(str(path.relative_to(ROOT)), line)])
    for path in sorted((WEB / "src").rglob("*.ts")):
        if path.name.endswith((".test.ts", ".d.ts")):
            continue
        for line, text in _script_texts(path.read_text(encoding="utf-8")):
            catalog.add(text, locations=[(str(path.relative_to(ROOT)), line)])
    return catalog


def translated() -> Catalog:
    """The English catalog as it stands in the repository."""
    if not PO.exists():
        return _empty()
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def update() -> list[str]:
    """Writes the catalog with what is new added and what is gone left out; returns the texts without a translation."""
    catalog = translated()
    catalog.update(texts(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for message in catalog:
        message.locations = sorted({(name, 0) for name, _ in message.locations})
    save(catalog)
    return untranslated(catalog)


def save(catalog: Catalog) -> None:
    """Writes the catalog in order of text, without line numbers: a change shows what was said anew and nothing else."""
    written = io.BytesIO()
    write_po(written, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
    text = _WITHOUT.sub("", written.getvalue().decode())
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_text(text, encoding="utf-8")


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that lack a translation, or lack one of their plural forms."""
    missing = []
    for message in catalog:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(forms):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


if __name__ == "__main__":
    for missing_text in update():
        print(f"untranslated: {missing_text}")  # noqa: T201 - a command's output
