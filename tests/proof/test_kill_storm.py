"""R1, a first version: orders go from API and file to the recipient's mail while everything is killed. Nothing is lost, nothing doubled."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from portal.cli.checking import compare_all
from portal.domain.devices.commands import enrol_device
from portal.domain.messages.reactions import find_lost_messages
from portal.kernel.db import Database, run
from portal.kernel.scopes import AsFloor, AsOffice
from tests import make, people
from tests.doubles import smtp_server
from tests.proof import FULL
from tests.proof.fleet import Fleet, storm
from tests.proof.hands import Browser, Picker, import_file, post_orders
from tests.proof.world import FILE

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.doubles.smtp_server import MailServerDouble

BY_API, BY_FILE = (60, 20) if FULL else (6, 3)
EVERY_S = 2.0 if FULL else 2.5
LEAST_KILLS = 50 if FULL else 10
MOST_KILLS = 1_000 if FULL else 15
"""A machine that has other things to do must come to an end in `make test`; at full size the storm rages until the work is done."""
DONE_WITHIN_S = 1800 if FULL else 400

SHIPPED = "SELECT count(*) FROM orders WHERE progress = 'shipped'"
UNQUIET = "SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL) + (SELECT count(*) FROM messages WHERE state IN ('queued', 'sending'))"
HEADER = FILE.partition("\n")[0]


@dataclass(slots=True)
class Place:
    """What the storm works on."""

    site: make.Site3PL
    merchant_id: UUID
    skus: dict[str, UUID]
    worker_id: UUID
    device_secret: str
    token: str
    owner: people.Person


def furnish(db: Database) -> Place:
    """One site, one merchant with two SKUs in stock, a tablet with a worker, a token, an owner."""
    site = make.site(db, totes=12)
    acme = make.merchant(db, site)
    skus = {code: make.sku(db, acme, code) for code in ("TEA", "MUG")}
    for number, sku in enumerate(skus.values()):
        make.stock(db, site, acme, sku, 2_000, bin_number=number)
    worker = people.staff(db, "worker", site, badge="STORM-BADGE", pin="2580")
    with db.transaction(AsFloor(site.id)) as session:
        _, secret = enrol_device(session, site_id=site.id, name="Tablet", by=None, at=make.NOW)
    return Place(site, acme, skus, worker.id, secret, people.token(db, acme), people.member(db, acme))


def api_orders(count: int) -> list[dict[str, Any]]:
    """Orders of one or two lines, each to a recipient of its own."""
    return [
        {
            "external_id": f"A-{number}", "number": f"A-{number}",
            "recipient": {
                "name": "Ada Cole", "address1": "12 Park Row", "city": "Leeds", "postcode": "LS1 4AP", "country": "GB", "email": f"a{number}@mail.example",
            },
            "lines": [{"sku": "TEA", "quantity": 1 + number % 2}, *([{"sku": "MUG", "quantity": 1}] if number % 3 == 0 else [])],
        }
        for number in range(count)
    ]  # fmt: skip


def order_file(count: int) -> bytes:
    """A file of orders of one line each."""
    rows = [
        f"#F{number},f{number}@mail.example,paid,GBP,10.00,2026-11-20 10:00:00 +0000,1,Tea thing,TEA,10.00,true,"
        f"Ada Cole,12 Park Row,Leeds,LS1 4AP,GB,{900 + number}"
        for number in range(count)
    ]
    return "\n".join([HEADER, *rows, ""]).encode()


def wrongs(fleet: Fleet, mails: MailServerDouble, orders: int) -> list[str]:
    """Return everything that was lost or doubled: orders, stock, scans, mails."""
    found: list[str] = []
    engine = create_engine(fleet.config.migration_database_url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text("SELECT external_id, progress FROM orders"))]
        doubled = [name for name, count in Counter(name for name, _ in rows).items() if count > 1]
        found += [f"order {name} is there twice" for name in doubled]
        if len(rows) != orders:
            found.append(f"{len(rows)} orders of {orders}")
        found += [f"order {name} is {progress}" for name, progress in rows if progress != "shipped"]
        found += [
            f"line {row.id}: {row.shipped} shipped of {row.quantity}"
            for row in connection.execute(
                text(
                    "SELECT l.id, l.quantity, coalesce(sum(m.quantity) FILTER (WHERE m.because = 'ship'), 0) AS shipped FROM order_lines l "
                    "LEFT JOIN movements m ON m.order_line_id = l.id GROUP BY l.id, l.quantity"
                )
            )
            if row.shipped != row.quantity
        ]
        written = {
            row.id: row
            for row in connection.execute(text("SELECT id, topic, kind, state, to_address FROM messages"))
        }
        waiting = [
            tuple(row)
            for row in connection.execute(text("SELECT event, error FROM outbox WHERE done_at IS NULL"))
        ]
        found += [f"news {event} never arrived: {error}" for event, error in waiting]
    engine.dispose()
    kinds = Counter(row.kind for row in written.values())
    if kinds != {"order_confirmation": orders, "shipping_confirmation": orders}:
        found.append(f"messages written: {dict(kinds)}")
    arrived = Counter(str(mail["Message-ID"]) for mail in mails.mails)
    found += [f"mail {name} came {count} times" for name, count in arrived.items() if count > 1]
    by_id = {
        str(message_id): count
        for message_id in written
        for name, count in arrived.items()
        if str(message_id) in name or message_id.hex in name
    }
    for message_id, row in written.items():
        if row.state not in ("sent", "unknown"):
            found.append(f"message {row.topic} is {row.state}")
        if row.state == "sent" and by_id.get(str(message_id)) != 1:
            found.append(f"message {row.topic} is sent, and {by_id.get(str(message_id), 0)} mails came")
    for comparison in compare_all(fleet.config):
        found += [f"{comparison.what}: {line}" for line in comparison.differing]
    return found


def wait_for_quiet(fleet: Fleet, db: Database, seconds: float) -> None:
    """Wait until all news has arrived and no message is on its way; rests of minutes are cut short, as if they had passed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _ask(db, UNQUIET) != 0:
        time.sleep(1)
        try:
            with db.transaction(AsOffice()) as session:
                run(
                    session,
                    "UPDATE outbox SET not_before = now() WHERE done_at IS NULL AND failed_at IS NULL AND not_before > now()",
                )
            _let_ten_minutes_pass_for_lost_mails(fleet)
            find_lost_messages(db, fleet.config)
        except DBAPIError:
            continue


def _ask(db: Database, sql: str) -> int | None:
    """Return a count, or None while the database is not there."""
    try:
        with db.transaction(AsOffice(), read_only=True) as session:
            return run(session, sql)[0][0]
    except DBAPIError:
        return None


def _let_ten_minutes_pass_for_lost_mails(fleet: Fleet) -> None:
    """Age what has been `sending` for longer than any living worker takes, so that the clock's job finds it now."""
    engine = create_engine(fleet.config.migration_database_url)
    with engine.begin() as connection:
        aged = "UPDATE messages SET sending_at = now() - interval '10 minutes' WHERE state = 'sending' AND sending_at < now() - interval '8 seconds'"
        connection.execute(text(aged))
    engine.dispose()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path: Path) -> None:
    orders = BY_API + BY_FILE
    with smtp_server.running(tmp_path / "mails") as mails:
        fleet = Fleet(tmp_path / "var", smtp_url=mails.url)
        fleet.portal("db", "create")
        fleet.portal("db", "upgrade")
        db = Database.from_config(fleet.config)
        try:
            place = furnish(db)
            fleet.start()
            hands = _work_through(fleet, db, place, orders)
            wait_for_quiet(fleet, db, 180)
            killed = dict(fleet.killed)
            print(
                f"\nR1  {orders} orders, killed {killed}, asked again {hands} times, {len(mails.mails)} mails"
            )
            assert wrongs(fleet, mails, orders) == []
            assert set(killed) == {"web", "worker", "dispatch", "redis", "postgres"}
            assert sum(killed.values()) >= LEAST_KILLS
            _plant_and_see(fleet, mails, orders)
        finally:
            db.dispose()
            fleet.end()


def _work_through(fleet: Fleet, db: Database, place: Place, orders: int) -> int:
    """Let all hands work under the storm until every order has shipped; return how often they had to ask again."""
    failures: list[BaseException] = []
    hands: list[Browser] = []

    def guarded(work: Any) -> None:
        try:
            hands.append(work())
        except BaseException as error:  # noqa: BLE001 (a thread's failure has to reach the test)
            failures.append(error)

    codes = {sku: f"{code}-BC" for code, sku in place.skus.items()}
    picker = Picker(fleet.port, db, place.site.id, place.worker_id, codes, Browser(fleet.port))
    jobs = (
        lambda: post_orders(fleet.port, place.token, api_orders(BY_API)),
        lambda: import_file(fleet.port, place.owner.email, order_file(BY_FILE)),
    )
    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    deadline = time.monotonic() + DONE_WITHIN_S
    with storm(fleet, every_s=EVERY_S, most=MOST_KILLS):
        for thread in threads:
            thread.start()
        picker.come_in(place.device_secret, "STORM-BADGE")
        while time.monotonic() < deadline and not failures:
            busy = picker.work()
            if not busy and not any(thread.is_alive() for thread in threads) and _ask(db, SHIPPED) == orders:
                break
            time.sleep(0 if busy else 0.2)
        while sum(fleet.killed.values()) < LEAST_KILLS and time.monotonic() < deadline:
            time.sleep(0.2)
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]
    return picker.tablet.repeats + sum(browser.repeats for browser in hands)


def _plant_and_see(fleet: Fleet, mails: MailServerDouble, orders: int) -> None:
    """The negative control: a mail that came twice, a unit that shipped twice and an order that never was are each seen."""
    first = next(iter(mails.folder.glob("*.eml")))
    (mails.folder / "999999.eml").write_bytes(first.read_bytes())
    assert [
        line
        for line in wrongs(fleet, mails, orders)
        if line.startswith("mail ") and line.endswith("came 2 times")
    ]
    (mails.folder / "999999.eml").unlink()
    assert f"{orders} orders of {orders + 1}" in wrongs(fleet, mails, orders + 1)
    engine = create_engine(fleet.config.migration_database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE balances DISABLE TRIGGER USER"))
        connection.execute(
            text(
                "UPDATE balances SET quantity = quantity + 1 WHERE ctid = (SELECT ctid FROM balances WHERE physical LIMIT 1)"
            )
        )
    engine.dispose()
    assert [
        line
        for line in wrongs(fleet, mails, orders)
        if line.startswith("balances with the sum of movements: ")
    ]
