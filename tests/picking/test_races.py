"""Two workers at once, and one scan sent twice at once: on connections that really commit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from portal.domain.orders.check import check_orders
from portal.domain.stock.check import check_stock
from portal.kernel.ids import new_id
from tests import make, people
from tests.picking.walk import floor

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Config
    from portal.kernel.db import Database

Result = TypeVar("Result")


def together(*deeds: Callable[[], Result]) -> list[Result]:
    """Do everything at the same moment; return what came of it."""
    gate = Barrier(len(deeds))

    def go(deed: Callable[[], Result]) -> Result:
        gate.wait(timeout=10)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(go, deeds))


def test_two_walks_begun_at_once_share_no_order_and_no_tote(db: Database) -> None:
    here = floor(db, totes=8)
    orders = {make.order(db, here.acme, {here.tea: 1}) for _ in range(8)}
    workers = [people.staff(db, "worker", here.site, email=f"w{n}@operator.example") for n in range(2)]
    together(*(lambda w=worker: here.start(w, most=4) for worker in workers))
    rows = here.ask("SELECT batch_id, order_id, tote_id FROM batch_orders")
    assert {row[1] for row in rows} == orders
    assert len({row[0] for row in rows}) == 2
    assert len({row[2] for row in rows}) == 8
    assert here.ask("SELECT number FROM batches ORDER BY number") == [("B-0001",), ("B-0002",)]
    assert here.ask("SELECT count(*), sum(quantity) FROM picks") == [(8, 8)]


def test_one_scan_sent_twice_at_once_is_one_deed(db: Database, config: Config) -> None:
    here = floor(db)
    make.order(db, here.acme, {here.tea: 5})
    here.start()
    here.scan("A-01-1")
    scan_id = new_id()
    answers = together(*([lambda: here.scan("TEA-BC", scan_id=scan_id)] * 4))
    assert sorted(answer.verdict for answer in answers) == ["applied", "duplicate", "duplicate", "duplicate"]
    assert {answer.headline for answer in answers} == {"1 of 5"}
    assert [row[1] for row in here.moved()] == [1]
    engine = create_engine(config.migration_database_url)
    with Session(engine) as session:
        assert [line for part in check_stock(session) for line in part.differing] == []
        assert [line for part in check_orders(session) for line in part.differing] == []
    engine.dispose()


def test_different_scans_at_once_never_take_too_many(db: Database) -> None:
    here = floor(db)
    make.order(db, here.acme, {here.tea: 3})
    here.start()
    here.scan("A-01-1")
    answers = together(*([lambda: here.scan("TEA-BC")] * 6))
    assert sorted(answer.verdict for answer in answers) == ["applied"] * 3 + ["conflict"] * 3
    assert [row[1] for row in here.moved()] == [1, 1, 1]
