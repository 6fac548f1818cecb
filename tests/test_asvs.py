"""`docs/security/asvs.md` answers each requirement of OWASP ASVS 5.0.0, level 1 and 2, once, and names nothing that is
not there. What ASVS says must not be in the code at all is looked for here.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECURITY = ROOT / "docs" / "security"
REQUIREMENTS = Path(__file__).parent / "asvs_requirements.txt"
PACKAGES = ("signaling", "rooms", "sfu", "auth", "audit", "kiosk", "db")
ROW = re.compile(r"^\| V(\d+\.\d+\.\d+) \| ([12]) \|", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|py|toml|yaml))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")

# Parsers and interpreters whose weaknesses ASVS asks about, and which this service does without.
FOREIGN = {
    "dbm", "ftplib", "imaplib", "ldap", "ldap3", "lxml", "marshal", "memcache", "pickle", "poplib", "pymemcache",
    "shelve", "smtplib", "tarfile", "telnetlib", "xml", "yaml", "zipfile",
}  # fmt: skip


def documents() -> list[Path]:
    return sorted(SECURITY.glob("*.md"))


def text_of(name: str) -> str:
    return (SECURITY / name).read_text(encoding="utf-8")


def test_each_requirement_is_answered_once_at_its_level() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").split("\n")
    asked = Counter(tuple(line.split()) for line in lines if line and not line.startswith("#"))
    assert len(asked) == 253
    assert Counter(ROW.findall(text_of("asvs.md"))) == asked


def test_what_is_not_met_is_counted_right() -> None:
    text = text_of("asvs.md")
    applies, rest = text.split("\n## Not met\n")
    unmet, absent = rest.split("\n## Does not apply\n")
    counts = [len(ROW.findall(part)) for part in (applies, unmet, absent)]
    assert f"{counts[0]} are met, {counts[1]} are not, {counts[2]} do not apply" in text


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.name))
def test_every_test_it_names_exists(path: Path) -> None:
    missing = []
    for file, name in TEST.findall(path.read_text(encoding="utf-8")):
        source = ROOT / file
        if not source.is_file() or f"def {name}(" not in source.read_text(encoding="utf-8"):
            missing.append(f"{file}::{name}")
    assert missing == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.name))
def test_every_file_and_section_it_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    missing = [name for name in FILE.findall(text) if not (ROOT / name).exists()]
    for target, section in LINK.findall(text):
        file = (path.parent / target).resolve() if target else path
        if not file.is_file() or (section and section not in sections(file)):
            missing.append(f"{target}#{section}")
    assert missing == []


def sections(file: Path) -> set[str]:
    """The headings as GitHub makes them into anchors."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_service_uses_none_of_these() -> None:
    """No XML, LDAP, mail, memcache, archives or unsafe deserialization; shells by the kiosk alone."""
    found = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    imported = {alias.name.partition(".")[0] for alias in node.names}
                case ast.ImportFrom():
                    imported = {(node.module or "").partition(".")[0]}
                case ast.Call(func=ast.Name(id="eval" | "exec" | "compile")):
                    imported = {"eval"}
                case ast.keyword(arg="shell"):
                    imported = {"shell"}
                case _:
                    continue
            forbidden = FOREIGN | {"eval", "shell"} | (set() if name.startswith("kiosk/") else {"subprocess"})
            found += [f"{name}: {word}" for word in imported & forbidden]
    assert found == []


def test_pages_keep_and_run_nothing_by_themselves() -> None:
    """No browser storage, foreign messages or code from text. The demo's simulator may remember who was played; the one
    use of innerHTML draws icons that the build knows; messages go to our own worker, and to our own other tabs alone
    (a BroadcastChannel keeps to one origin)."""
    words = re.compile(
        r"localStorage|sessionStorage|indexedDB|document\.cookie|postMessage|onmessage|\beval\(|new Function"
        r"|document\.write|innerHTML|outerHTML|insertAdjacentHTML|__proto__|setTimeout\(\s*[\"'`]"
    )
    allowed = {
        ("pages/simulator.ts", "sessionStorage"),
        ("icon.ts", "innerHTML"),
        ("room/encryption/guard.ts", "postMessage"),
        ("signed_in.ts", "postMessage"),
    }
    source = ROOT / "web" / "src"
    found = {
        (str(path.relative_to(source)), word)
        for path in source.rglob("*.ts")
        if not path.name.endswith(".test.ts")
        for word in words.findall(path.read_text(encoding="utf-8"))
    }
    assert found <= allowed


def test_outbound_calls_follow_no_redirect_and_check_certificates() -> None:
    """Each request of an aiohttp client says so, and none turns the check of certificates off."""
    calls = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "ssl=False" not in text
        assert "CERT_NONE" not in text
        if "ClientSession" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="get" | "post" | "request")) as call):
                    calls[f"{path.name}:{call.lineno}"] = {word.arg: ast.unparse(word.value) for word in call.keywords}
    assert len(calls) >= 4, "BankID, OpenID, SMS and LiveKit are called"
    assert [place for place, words in calls.items() if words.get("allow_redirects") != "False"] == []
