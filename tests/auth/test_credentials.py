"""Certificates that change while the service runs: the new one at work, a broken one told and left."""

import os
import shutil
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from auth.bankid import BankIdClient, BankIdError, Failure
from auth.credentials import Credentials
from auth.demo_certificates import DemoCertificates, make
from tests.auth.test_bankid import ORDER, always, answering


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def renew(to: DemoCertificates, made: DemoCertificates, *names: str) -> None:
    """As a renewing program does it: a new file beside, then moved over the old."""
    for name in names:
        beside: Path = getattr(to, name).with_suffix(".new")
        shutil.copy(getattr(made, name), beside)
        beside.replace(getattr(to, name))


@pytest.fixture
def own(tmp_path: Path) -> DemoCertificates:
    return make(tmp_path / "own")


@pytest.fixture
def renewed(tmp_path: Path) -> DemoCertificates:
    return make(tmp_path / "renewed")


def test_new_files_are_taken_up_without_a_restart(own: DemoCertificates, renewed: DemoCertificates) -> None:
    seconds = Seconds()
    credentials = Credentials(own.certificate, own.key, own.root, monotonic=seconds)
    before = credentials.context()
    seconds.now += 1
    assert credentials.context() is before
    renew(own, renewed, "certificate", "key", "root")
    assert credentials.context() is before  # not looked at twice in a second
    seconds.now += 1
    after = credentials.context()
    assert after is not before
    assert credentials.usable
    seconds.now += 1
    assert credentials.context() is after


def test_a_key_of_another_certificate_leaves_the_old_at_work_until_both_are_there(
    own: DemoCertificates, renewed: DemoCertificates
) -> None:
    seconds = Seconds()
    credentials = Credentials(own.certificate, own.key, own.root, monotonic=seconds)
    before, expires = credentials.context(), credentials.expires
    renew(own, renewed, "certificate")
    seconds.now += 1
    assert credentials.context() is before
    assert (credentials.usable, credentials.expires) == (False, expires)
    renew(own, renewed, "key")
    seconds.now += 1
    assert credentials.context() is not before
    assert credentials.usable


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n"])
def test_rubbish_and_missing_files_leave_the_old_at_work(own: DemoCertificates, content: bytes) -> None:
    seconds = Seconds()
    credentials = Credentials(own.certificate, own.key, own.root, monotonic=seconds)
    before = credentials.context()
    own.certificate.write_bytes(content)
    seconds.now += 1
    assert credentials.context() is before
    own.certificate.unlink()
    seconds.now += 1
    assert credentials.context() is before
    assert not credentials.usable


def test_files_that_cannot_be_used_stop_the_start(own: DemoCertificates, renewed: DemoCertificates) -> None:
    with pytest.raises(ssl.SSLError):
        Credentials(own.certificate, renewed.key, own.root)
    with pytest.raises(FileNotFoundError):
        Credentials(own.certificate, own.key.with_name("none"), own.root)


async def test_calls_use_the_new_certificate(own: DemoCertificates, renewed: DemoCertificates) -> None:
    """BankID has changed to trusting the renewed one alone; the next call after the files is let in."""
    seconds = Seconds()
    credentials = Credentials(own.certificate, own.key, own.root, monotonic=seconds)
    async with answering(renewed, always(200, ORDER)) as theirs, BankIdClient(theirs._url, credentials.context) as ours:
        with pytest.raises(BankIdError) as refused:
            await ours.auth(end_user_ip="192.0.2.7", visible_text="x")
        assert refused.value.failure is Failure.UNREACHABLE
        renew(own, renewed, "certificate", "key", "root")
        seconds.now += 1
        assert (await ours.auth(end_user_ip="192.0.2.7", visible_text="x")).order_ref == ORDER["orderRef"]


async def test_an_open_connection_under_the_old_certificate_is_not_used_again(
    own: DemoCertificates, tmp_path: Path
) -> None:
    seen: list[object] = []

    async def serve(request: web.Request) -> web.Response:
        assert request.transport is not None
        seen.append(request.transport.get_extra_info("peername"))
        return web.json_response(ORDER)

    seconds = Seconds()
    credentials = Credentials(own.certificate, own.key, own.root, monotonic=seconds)
    async with answering(own, serve) as theirs, BankIdClient(theirs._url, credentials.context) as ours:
        for _ in range(2):
            await ours.auth(end_user_ip="192.0.2.7", visible_text="x")
        os.utime(own.certificate, (1, 1))
        seconds.now += 1
        await ours.auth(end_user_ip="192.0.2.7", visible_text="x")
    assert seen[0] == seen[1] != seen[2]


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(own: DemoCertificates) -> None:
    key = load_pem_private_key(own.key.read_bytes(), password=None)
    own.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")))
    with pytest.raises(ssl.SSLError):
        Credentials(own.certificate, own.key, own.root)
