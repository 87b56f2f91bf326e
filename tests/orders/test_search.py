"""Searching orders: what is found, what is not, and by which index, as the roles that ask."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from portal.domain.orders.commands.accept import accept_orders
from portal.domain.orders.queries import OrderFilter, board, list_orders
from portal.kernel.db import run
from portal.kernel.scopes import AsMerchant, AsOffice
from tests import make
from tests.statements import plans_of

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from portal.kernel.db import Database
    from portal.kernel.scopes import Scope


def _take(db: Database, merchant_id: UUID, sku_id: UUID, number: str, name: str, email: str) -> None:
    order = make.new_order({sku_id: 1}, number=number, email=email)
    order = replace(order, external_id=f"id-{number}", recipient=replace(order.recipient, name=name))
    with db.transaction(AsMerchant(merchant_id)) as session:
        accept_orders(
            session, merchant_id=merchant_id, orders=[order], source="by a test", by=None, at=make.NOW
        )


@pytest.fixture
def acme(db: Database) -> UUID:
    """Acme with three orders, and a rival with one that reads the same."""
    site = make.site(db)
    acme, rival = make.merchant(db, site), make.merchant(db, site, code="RIVAL")
    tea, theirs = make.sku(db, acme), make.sku(db, rival)
    _take(db, acme, tea, "#1001", "Ada Cole", "ada@mail.example")
    _take(db, acme, tea, "#1002", "Örjan Öberg", "Orjan@Mail.example")
    _take(db, acme, tea, "10%_off", "Ada Zimmer", "")
    _take(db, rival, theirs, "#1001", "Ada Cole", "ada@mail.example")
    return acme


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("#100", {"#1001", "#1002"}),
        ("#1002", {"#1002"}),
        ("1002", set()),
        ("id-#1001", {"#1001"}),
        ("id-#100", set()),
        ("ada", {"#1001", "10%_off"}),
        ("ADA C", {"#1001"}),
        ("örjan ÖB", {"#1002"}),
        ("Cole", set()),
        ("ORJAN@mail.example", {"#1002"}),
        ("orjan@", set()),
        ("%", set()),
        ("10%_", {"10%_off"}),
        ("10_", set()),
        (" #1001 ", {"#1001"}),
        ("\\", set()),
    ],
)
def test_a_search_finds_the_start_of_number_and_name_and_whole_addresses(
    db: Database, acme: UUID, search: str, found: set[str]
) -> None:
    with db.transaction(AsMerchant(acme), read_only=True) as session:
        rows, total = list_orders(session, OrderFilter(merchant_id=acme, search=search))
    assert ({row.number for row in rows}, total) == (found, len(found))


def test_the_office_searches_all_merchants(db: Database, acme: UUID) -> None:
    with db.transaction(AsOffice(), read_only=True) as session:
        rows, total = list_orders(session, OrderFilter(search="Ada Cole"))
        [own], _ = list_orders(session, OrderFilter(merchant_id=acme, search="Ada Cole"))
    assert (total, sorted(row.merchant_name for row in rows)) == (2, ["Acme Goods", "Rival Goods"])
    assert own.merchant_name == "Acme Goods"


_MANY = """
INSERT INTO orders (merchant_id, id, site_id, channel, external_id, number, fingerprint, progress, currency, placed_at, promised_on, shipped_at)
SELECT o.merchant_id, uuidv7(), o.site_id, 'many', CAST(i AS text), '#' || (200000 + i), 'f', 'shipped', 'GBP', now(), '2026-01-01', '2026-01-02'
FROM orders o CROSS JOIN generate_series(1, 10000) i WHERE o.number = '#1001';
INSERT INTO recipients (merchant_id, order_id, site_id, name, address1, city, country, email)
SELECT merchant_id, id, site_id, 'Person ' || external_id, '1 Row', 'Leeds', 'GB', external_id || '@mail.example' FROM orders WHERE channel = 'many';
ANALYZE orders; ANALYZE recipients; ANALYZE sites
"""


_READS_ALL = re.compile(r"Seq Scan on (orders|recipients)")


def _fill(superuser: Connection) -> None:
    for statement in _MANY.split(";"):
        superuser.execute(text(statement))
    superuser.commit()


@pytest.mark.parametrize("who", ["merchant", "office"])
def test_neither_a_search_nor_open_work_reads_every_order(
    db: Database, acme: UUID, superuser: Connection, who: str
) -> None:
    """Row-level security lets an index answer only what cannot leak; this asks as the roles themselves."""
    _fill(superuser)
    scope: Scope = AsMerchant(acme) if who == "merchant" else AsOffice()
    mine = acme if who == "merchant" else None
    today = make.NOW.date()
    with db.transaction(scope, read_only=True) as session:
        # A table this small may as well be read whole; asked is whether an index can answer at all.
        run(session, "SET LOCAL enable_seqscan = off")
        wanted = OrderFilter(merchant_id=mine, search="Person 77")
        for plan in plans_of(session, lambda session: list_orders(session, wanted)):
            assert not _READS_ALL.search(plan), plan
            conditions = " ".join(line for line in plan.splitlines() if "Index Cond" in line)
            for column in ("name_key >=", "email_key =", "number >=", "external_id ="):
                assert column in conditions, plan
        for view in ("open", "late", "due", "stuck"):
            open_work = OrderFilter(merchant_id=mine, view=view, today=today)
            for plan in plans_of(session, lambda session, wanted=open_work: list_orders(session, wanted)):
                assert "ix_orders_open" in plan, plan
        if who == "office":
            [plan] = plans_of(session, lambda session: board(session, now=make.NOW))
            assert "ix_orders_open" in plan, plan
            assert "ix_orders_site_id_shipped_at" in plan, plan


def test_an_index_does_not_answer_what_could_leak(db: Database, acme: UUID, superuser: Connection) -> None:
    """The negative control: LIKE over the same column reads every row of the table, as the merchant."""
    _fill(superuser)
    with db.transaction(AsMerchant(acme), read_only=True) as session:
        run(session, "SET LOCAL enable_seqscan = off")
        like = "SELECT order_id FROM recipients WHERE name_key LIKE 'person 77%'"
        [plan] = plans_of(session, lambda session: run(session, like))
    assert "name_key >=" not in plan
    assert "Filter: (name_key ~~" in plan
