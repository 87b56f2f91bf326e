"""Mails as bytes: whatever is in a name, the headers hold and say the same when they are read again."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.mail import Mail, MailServer, NotNowError, RefusedError, compose, one_line

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "id": "0193", "thread": "order.42", "stream": "order_confirmation:acme", "from_name": "Juniper & Rye", "from_address": "parcels@operator.example",
        "reply_to": "help@juniper.example", "to_name": "Ada Cole", "to_address": "ada@mail.example",
        "subject": "Order #1001", "html": "<p>Hi", "text": "Hi\n", "at": AT,
    }  # fmt: skip
    return Mail(**(values | changes))


def read(written: Mail) -> Any:
    return message_from_bytes(compose(written).as_bytes(), policy=default)


def test_a_mail_has_the_headers_of_a_service_mail():
    got = read(mail())
    assert str(got["From"]) == "Juniper & Rye <parcels@operator.example>"
    assert str(got["To"]) == "Ada Cole <ada@mail.example>"
    assert str(got["Reply-To"]) == "Juniper & Rye <help@juniper.example>"
    assert got["Message-ID"] == "<0193@operator.example>"
    assert got["References"] == "<order.42@operator.example>"
    assert got["X-Entity-Ref-ID"] == "0193"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Feedback-ID"] == "order_confirmation:acme:transactional:parcelyard"
    assert got["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert got["List-Unsubscribe"] is None
    assert got.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert got.get_body(("html",)).get_content().strip() == "<p>Hi"


def test_the_same_mail_is_the_same_on_every_try():
    assert [compose(mail())["Message-ID"] for _ in range(2)] == ["<0193@operator.example>"] * 2


NAMES = st.text(st.characters(codec="utf-8"), max_size=90)


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES, NAMES)
def test_no_name_breaks_a_header(shop: str, person: str, subject: str):
    data = compose(mail(from_name=shop, to_name=person, subject=subject)).as_bytes()
    head = data.partition(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert names == [
        b"From", b"To", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"References", b"Auto-Submitted", b"X-Auto-Response-Suppress",
        b"X-Entity-Ref-ID", b"Feedback-ID", b"MIME-Version", b"Content-Type",
    ]  # fmt: skip
    assert all(len(line) <= 200 for line in head.split(b"\r\n"))
    got: Any = message_from_bytes(data, policy=default)
    assert [a.addr_spec for a in got["From"].addresses] == ["parcels@operator.example"]
    assert [a.addr_spec for a in got["To"].addresses] == ["ada@mail.example"]
    assert got["Bcc"] is None


@pytest.mark.parametrize(
    "name",
    [
        "O'Neill, Ltd.",
        '<b>"Bold"</b>',
        "Café Zoë — Brüder & Söhne",
        "日本の茶 " * 9,
        "a\r\nBcc: x@evil.example",
        "Back\\slash",
    ],
)
def test_names_are_read_as_they_were_written(name: str):
    got = read(mail(from_name=name, subject=f"{name}: order #1001 arriving 26 – 27 Nov"))
    # The library's newer parser keeps the blanks between encoded words, which RFC 2047 6.2 says to drop; the older one knows.
    raw = message_from_bytes(compose(mail(from_name=name)).as_bytes())["From"]
    shown = (
        parseaddr(str(make_header(decode_header(raw))))[0]
        if name.isascii()
        else str(make_header(decode_header(raw))).partition(" <")[0]
    )
    assert shown == one_line(name)
    assert str(got["Subject"]) == one_line(f"{name}: order #1001 arriving 26 – 27 Nov")
    assert got["Bcc"] is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@mail.example",
        "ada@mail.example\r\nBcc: x@evil.example",
        "a b@mail.example",
        "<ada@mail.example>",
    ],
)
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(RefusedError):
        compose(mail(to_address=address))


def test_domains_beyond_ascii_travel_in_their_ascii_form():
    assert read(mail(to_address="zoe@käse.example"))["To"].addresses[0].addr_spec == "zoe@xn--kse-qla.example"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("smtp", "mail.example", 25, "", "")),
        ("smtp://127.0.0.1:2525", MailServer("smtp", "127.0.0.1", 2525, "", "")),
        ("smtp+starttls://us%40er:p%3Ass@mail.example", MailServer("smtp+starttls", "mail.example", 587, "us@er", "p:ss")),
        ("smtps://user:pass@mail.example", MailServer("smtps", "mail.example", 465, "user", "pass")),
    ],
)  # fmt: skip
def test_addresses_of_mail_servers(url: str, server: MailServer):
    assert MailServer.from_url(url) == server


@pytest.mark.parametrize("url", ["mail.example:25", "http://mail.example", "smtp://"])
def test_other_addresses_say_what_is_meant(url: str):
    with pytest.raises(ValueError, match=r"smtp\+starttls"):
        MailServer.from_url(url)


def test_a_server_that_is_not_there_is_for_later():
    with pytest.raises(NotNowError, match=r"127\.0\.0\.1 cannot be used"):
        MailServer.from_url("smtp://127.0.0.1:1").hand_over(
            compose(mail()), sender="parcels@operator.example"
        )
