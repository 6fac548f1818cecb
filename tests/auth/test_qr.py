"""The moving QR code, against the vector BankID publishes."""

import pytest

from auth.qr import content, holds, read

TOKEN = "67df3917-fa0d-44e5-b327-edcc928297f8"
SECRET = "d28db9a7-4cde-429e-a983-359be676944c"
AT_0 = "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8"
AT_1 = "949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2"


def test_the_official_vector() -> None:
    assert content(TOKEN, SECRET, 0) == f"bankid.{TOKEN}.0.{AT_0}"
    assert content(TOKEN, SECRET, 1) == f"bankid.{TOKEN}.1.{AT_1}"


def test_a_scanned_code_is_read_and_checked() -> None:
    assert read(content(TOKEN, SECRET, 7)) == (TOKEN, 7, content(TOKEN, SECRET, 7).split(".")[3])
    assert holds(SECRET, 0, AT_0)
    assert not holds(SECRET, 1, AT_0)
    assert not holds(SECRET, 0, "ö")


@pytest.mark.parametrize(
    "text", ["", "bankid.a.b", "bankid.a.b.c", "bankid.a.-1.c", "bankid.a.²3.c", "x.a.1.c", "bankid.a.1000000.c"]
)
def test_other_texts_are_no_codes(text: str) -> None:
    assert read(text) is None
