"""What mails say: to a recipient about an order and each of its parcels, to people about their access."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from portal.domain.accounts.commands.passwords import ask_reset, set_password_by_link
from portal.domain.accounts.commands.people import invite_member, invite_staff
from portal.domain.messages.links import tracking_url
from portal.domain.messages.queries import get_message, messages_of_order
from portal.domain.messages.rules import STRUCK, first_name, grouped
from portal.domain.orders.commands.accept import NewLine, NewRecipient, accept_orders
from portal.domain.shipping.commands import use_carrier
from portal.jobs import Courier
from portal.kernel import clock
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice, AtGate
from tests import make, people
from tests.shipping.table import table

if TYPE_CHECKING:
    from portal.config import Config
    from portal.kernel.db import Database
    from tests.doubles.smtp_server import MailServerDouble

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def mailing(config: Config, mail_server: MailServerDouble) -> Config:
    """The configuration with the mail server set and an address that the world can reach."""
    return dataclasses.replace(
        config, smtp_url=mail_server.url, mail_from="parcels@operator.example", base_url="https://parcels.example",
        operator_name="Northside 3PL",
    )  # fmt: skip


class Page(HTMLParser):
    """What a mail's HTML consists of: links, headings, tables, and the words outside of style and script."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.h1: list[str] = []
        self.layout_tables = self.data_tables = 0
        self.json = ""
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        if tag == "a":
            self.links.append(have["href"] or "")
        if tag == "table":
            self.layout_tables += have.get("role") == "presentation"
            self.data_tables += "role" not in have
        if tag == "h1":
            self.h1.append("")
        if tag not in ("meta", "br", "link", "img"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._inside:
            self.json += data
        elif "style" not in self._inside:
            self.words.append(data)
            if "h1" in self._inside:
                self.h1[-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def parts(mail: EmailMessage) -> tuple[str, str, Page]:
    """Return a mail's HTML, its plain text, and the HTML taken apart."""
    rich, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert rich is not None
    assert plain is not None
    source = str(rich.get_content())
    return source, str(plain.get_content()).replace("\r\n", "\n"), Page(source)


def check(mail: EmailMessage) -> None:
    """Hold every mail to what all mails promise."""
    source, plain, page = parts(mail)
    assert len(str(mail["Subject"])) <= 70
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert "noreply" not in str(mail["From"]) + str(mail["Reply-To"])
    assert len(source.encode()) < 30_000
    assert len(page.h1) == 1
    assert '<html lang="en">' in source
    assert 'name="color-scheme" content="light dark"' in source
    assert "prefers-color-scheme: dark" in source
    assert not re.search(r"<form|<img|@import|@font-face|url\(|<link", source)
    for link in page.links:
        assert re.match(r"https://|mailto:|tel:", link), link
        assert link.startswith("tel:") or link.removeprefix("mailto:") in plain, link
    assert all(len(line) <= 78 or "http" in line for line in plain.splitlines())
    hidden = re.search(r'<body[^>]*>\s*<div style="display:none[^>]*>([^<]+)</div>', source)
    assert hidden is not None
    assert 40 <= len(html.unescape(hidden[1]).strip()) <= 110
    assert source.count("<h1 style=") == 1, "the design stands in style attributes"


def deliver(db: Database, config: Config) -> None:
    Courier(db, config).deliver_due()


def test_an_order_is_confirmed(db: Database, mailing: Config, mail_server: MailServerDouble):
    acme = make.merchant(db, make.site(db))
    order_id = make.order(
        db, acme, {make.sku(db, acme): 2}, number="#1001", email="ada@mail.example", allocated=False
    )
    with clock.frozen(MONDAY):
        deliver(db, mailing)
    [mail] = mail_server.mails
    check(mail)
    _, plain, page = parts(mail)
    assert str(mail["From"]) == "Acme Goods <parcels@operator.example>"
    assert str(mail["Reply-To"]) == "Acme Goods <help@acme.example>"
    assert str(mail["To"]) == "Ada Cole <ada@mail.example>"
    assert mail["Subject"] == "Acme Goods: order #1001 received, expected 26 – 30 Nov"
    assert mail["References"] == f"<order.{order_id.hex}@operator.example>"
    assert page.h1 == ["Thank you, we have your order. Expect it 26\u00a0–\u00a030\u00a0November"]
    for words in ("Print your order details and keep them", "Return it within 30 days.", "help@acme.example", "2 x Tea thing, £10.00", "Order total: £10.00",
                  "12 Park Row", "Leeds LS1 4AP", "United Kingdom", "It leaves"):  # fmt: skip
        assert words in plain
    tracking = tracking_url(mailing, order_id)
    assert tracking in page.links
    assert "https://acme.example" in page.links
    [details] = {link for link in page.links if "/t/details/" in link}
    assert details in plain
    data = json.loads(page.json)
    assert (data["@type"], data["orderNumber"], data["price"], data["priceCurrency"]) == (
        "Order",
        "#1001",
        "10.00",
        "GBP",
    )
    assert data["acceptedOffer"][0]["eligibleQuantity"]["value"] == 2
    assert data["acceptedOffer"][0]["price"] == "5.00"


def test_each_parcel_has_its_mail_and_says_what_is_in_it(
    db: Database, config: Config, mailing: Config, mail_server: MailServerDouble
):
    at = table(db, config)
    f = at.floor
    order_id = make.order(
        db,
        f.acme,
        {f.tea: 2, f.mug: 1},
        number="#1002",
        email="ada@mail.example",
        codes={f.tea: "TEA", f.mug: "MUG"},
    )
    with db.transaction(AsOffice()) as session:
        session.execute(text("UPDATE order_lines SET name = 'Black mug' WHERE sku_code = 'MUG'"))
    at.pick()
    first = at.open(order_id)
    at.scan(first, "TEA-BC")
    at.scan(first, "TEA-BC")
    at.close(first)
    with db.transaction(AsFloor(f.site.id)) as session:
        use_carrier(
            session, merchant_id=f.acme, parcel_id=first, carrier="ups", tracking_number="1Z999AA10123456784", service="", by=None, at=MONDAY
        )  # fmt: skip
    at.ship(first)
    with clock.frozen(MONDAY):
        deliver(db, mailing)
    second = at.open(order_id)
    at.scan(second, "MUG-BC")
    at.ship(second)
    with clock.frozen(MONDAY):
        deliver(db, mailing)
    confirmation, one, two = mail_server.mails
    for mail in (confirmation, one, two):
        check(mail)
    assert len({mail["Message-ID"] for mail in (confirmation, one, two)}) == 3
    assert len({mail["References"] for mail in (confirmation, one, two)}) == 1

    _, plain, page = parts(one)
    assert one["Subject"] == "Acme Goods: order #1002 arriving 25 – 27 Nov"
    assert page.h1 == ["Arriving 25\u00a0–\u00a027\u00a0November"]
    assert "Thank you, Ada. Parcel 1 of your order #1002 left our warehouse with UPS" in plain.replace(
        "\n", " "
    )
    assert "2 x Tea thing" in plain
    assert "Black mug" not in plain
    assert "1 more unit of your order follows in another parcel" in " ".join(plain.split())
    assert "https://www.ups.com/track?tracknum=1Z999AA10123456784" in page.links
    data = json.loads(page.json)
    assert (data["trackingNumber"], data["carrier"]["name"]) == ("1Z999AA10123456784", "UPS")
    assert data["carrier"] == data["provider"]
    assert (data["expectedArrivalFrom"], data["expectedArrivalUntil"]) == (
        "2026-11-25T08:00:00+00:00",
        "2026-11-27T20:00:00+00:00",
    )
    assert [item["name"] for item in data["itemShipped"]] == ["Tea thing"]

    _, plain, page = parts(two)
    assert two["Subject"] == "Acme Goods: order #1002, parcel 2 of 2 arriving 25 – 27 Nov"
    assert "Thank you, Ada. Parcel 2 of 2 of your order #1002 left our warehouse today." in plain.replace(
        "\n", " "
    )
    assert "1 x Black mug" in plain
    assert "Tea thing" not in plain
    assert "Number: PY" in plain
    for words in (
        "Print your order details",
        "Return it within 30 days.",
        "help@acme.example",
        "https://acme.example",
    ):
        assert words in plain
    links = [
        {link for link in parts(mail)[2].links if "/t/details/" in link} for mail in (confirmation, one, two)
    ]
    assert len(set.union(*links)) == 3, "each mail has a details link of its own"
    with db.transaction(AsOffice(), read_only=True) as session:
        rows = messages_of_order(session, f.acme, order_id)
        assert [row.kind for row in rows] == [
            "order_confirmation",
            "shipping_confirmation",
            "shipping_confirmation",
        ]
        assert get_message(session, rows[0].id).text.startswith("Acme Goods\n")


def test_names_of_all_kinds_stay_words(db: Database, mailing: Config, mail_server: MailServerDouble):
    acme = make.merchant(db, make.site(db))
    name = "O'Neill & <b>Söhne</b>\r\nBcc: x@evil.example"
    with db.transaction(AsOffice()) as session:
        session.execute(
            text(
                "UPDATE merchants SET name = :n, return_policy = '<script>alert(1)</script>', brand_colour = '#ffd400'"
            ),
            {"n": name},
        )
    with db.transaction(AsMerchant(acme)) as session:
        new = make.new_order({make.sku(db, acme): 1}, number="</script><h1>#9", email="ada@mail.example")
        new = dataclasses.replace(
            new,
            recipient=NewRecipient(name="Ada <i>“Queen” Cole", address1="<12> Park Row", city="Leeds", country="GB", email="ada@mail.example"),
            lines=(NewLine(sku_id=None, sku_code="X", name="Tea & </script><img src=x>", quantity=1, unit_price_minor=None, requires_shipping=False),),
        )  # fmt: skip
        accept_orders(session, merchant_id=acme, orders=[new], source="by a test", by=None, at=make.NOW)
    deliver(db, mailing)
    [mail] = mail_server.mails
    check(mail)
    source, _, page = parts(mail)
    assert mail["Bcc"] is None
    assert mail["From"].addresses[0].display_name.startswith("O'Neill & <b>Söhne</b> Bcc:")
    assert "<b>" not in source
    assert "<i>" not in source
    assert "<img" not in source
    assert source.count("<script") == 1
    assert "Tea & </script><img src=x>" in page.text
    assert json.loads(page.json)["acceptedOffer"][0]["itemOffered"]["name"] == "Tea & </script><img src=x>"
    assert "price" not in json.loads(page.json)["acceptedOffer"][0]


def test_a_long_order_is_cut_and_a_long_name_fits_the_subject(
    db: Database, mailing: Config, mail_server: MailServerDouble
):
    acme = make.merchant(db, make.site(db))
    with db.transaction(AsOffice()) as session:
        session.execute(
            text("UPDATE merchants SET name = :n"),
            {"n": "The Extraordinarily Long Name of a Shop & Daughters Limited"},
        )
    with db.transaction(AsMerchant(acme)) as session:
        new = make.new_order(
            {make.sku(db, acme): 1}, number="A-VERY-LONG-ORDER-NUMBER-0000000001", email="ada@mail.example"
        )
        line = NewLine(
            sku_id=None,
            sku_code="X",
            name="Thing " * 40,
            quantity=1,
            unit_price_minor=100,
            requires_shipping=False,
        )
        accept_orders(
            session, merchant_id=acme, orders=[dataclasses.replace(new, lines=(line,) * 200)], source="by a test", by=None, at=make.NOW
        )  # fmt: skip
    with clock.frozen(MONDAY):
        deliver(db, mailing)
    [mail] = mail_server.mails
    check(mail)
    assert mail["Subject"] == "The Extraordi…: order A-VERY-LONG-ORDE… received, expected 26 – 30 Nov"
    assert "And 180 more lines" in parts(mail)[1]


def test_without_an_address_nothing_is_written_and_the_timeline_says_so(
    db: Database, mailing: Config, mail_server: MailServerDouble, superuser: Any
):
    acme = make.merchant(db, make.site(db))
    make.order(db, acme, {make.sku(db, acme): 1}, email="", allocated=False)
    deliver(db, mailing)
    assert mail_server.hits == []
    assert superuser.execute(text("SELECT count(*) FROM messages")).scalar() == 0
    assert list(
        superuser.execute(
            text("SELECT sentence FROM order_events WHERE kind = 'message_not_written'")
        ).scalars()
    ) == ["Order confirmation not written: the order has no e-mail address."]


def test_an_invitation_lets_somebody_in_once_and_is_struck_afterwards(
    db: Database, mailing: Config, mail_server: MailServerDouble, superuser: Any
):
    site = make.site(db)
    acme = make.merchant(db, site)
    with db.transaction(AsMerchant(acme)) as session:
        invite_member(
            session,
            merchant_id=acme,
            email="sam@acme.example",
            name="Sam <O'Neill>",
            role="member",
            by=None,
            at=make.NOW,
        )
    with db.transaction(AsOffice()) as session:
        invite_staff(
            session,
            email="wim@operator.example",
            name="Wim",
            role="worker",
            site_id=site.id,
            by=None,
            at=make.NOW,
        )
    deliver(db, mailing)
    to_member, to_staff = mail_server.mails
    for mail in (to_member, to_staff):
        check(mail)
        assert mail["From"].addresses[0].display_name == "Northside 3PL"
        assert mail["References"] is None
    assert to_member["Subject"] == "Northside 3PL: your access to Acme Goods"
    assert parts(to_member)[2].h1 == ["You have access to Acme Goods"]
    assert parts(to_staff)[2].h1 == ["Welcome to the team at Northside 3PL"]
    [link] = {link for link in parts(to_member)[2].links if "/invitation/" in link}
    secret = link.removeprefix("https://parcels.example/invitation/")
    kept = superuser.execute(text("SELECT html || text FROM messages")).scalars().all()
    assert all(f"/invitation/{STRUCK}" in words for words in kept)
    assert all(secret not in words for words in kept)
    assert secret not in str(superuser.execute(text("SELECT payload::text FROM outbox")).scalars().all())
    with db.transaction(AtGate()) as session:
        set_password_by_link(session, kind="invitation", secret=secret, password="four words in a row")


def test_a_reset_link_comes_by_mail(db: Database, mailing: Config, mail_server: MailServerDouble):
    acme = make.merchant(db, make.site(db))
    owner = people.member(db, acme)
    with db.transaction(AtGate()) as session:
        ask_reset(session, email=owner.email)
        ask_reset(session, email="nobody@else.example")
    deliver(db, mailing)
    [mail] = [mail for mail in mail_server.mails if "password" in str(mail["Subject"])]
    check(mail)
    assert str(mail["To"].addresses[0].addr_spec) == owner.email
    [link] = {link for link in parts(mail)[2].links if "/reset/" in link}
    with db.transaction(AtGate()) as session:
        user_id = set_password_by_link(
            session, kind="reset", secret=link.rpartition("/")[2], password="five words in a row"
        )
    assert user_id == owner.id


@pytest.mark.parametrize(
    ("name", "first"),
    [("Ada Cole", "Ada"), ("Jean-Luc Picard", "Jean-Luc"), ("J. Doe", ""), ("ACME 24 GmbH", "ACME"), ("", ""), ("<b>", ""),
     ("X Æ", ""), ("24/7 Shop", ""), ("Zoë", "Zoë")],
)  # fmt: skip
def test_people_are_greeted_by_their_first_name_where_there_is_one(name: str, first: str):
    assert first_name(name) == first


def test_long_numbers_come_in_groups():
    assert grouped("9400111899223197428490") == "9400 1118 9922 3197 4284 90"
    assert grouped("PY000000123") == "PY000000123"
