"""A small day on the floor, and scans as a tablet sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from portal.domain.devices.commands import answer_scan
from portal.domain.devices.rules import Answer, ScanIn
from portal.domain.picking.commands import report_short, scan_pick, start_batch
from portal.domain.picking.queries import PickRow, find_open_batch, next_pick
from portal.kernel.db import run
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor, AsOffice
from tests import make, people

if TYPE_CHECKING:
    from portal.kernel.db import Database


@dataclass(frozen=True, slots=True)
class Floor:
    """A site with stock of tea and mugs, and a worker."""

    db: Database
    site: make.Site3PL
    acme: UUID
    tea: UUID
    mug: UUID
    worker: people.Person

    def start(self, worker: people.Person | None = None, most: int = 6) -> UUID:
        who = worker or self.worker
        with self.db.transaction(AsFloor(self.site.id, who.id)) as session:
            return start_batch(session, site_id=self.site.id, user_id=who.id, at=make.NOW, most_orders=most)

    def scan(
        self,
        code: str,
        *,
        step: str = "pick",
        scan_id: UUID | None = None,
        worker: people.Person | None = None,
    ) -> Answer:
        who = worker or self.worker
        scan = ScanIn(
            id=scan_id or new_id(),
            site_id=self.site.id,
            device_id=None,
            user_id=who.id,
            code=code,
            at=make.NOW,
        )
        work = report_short if step == "short" else scan_pick
        with self.db.transaction(AsFloor(self.site.id, who.id)) as session:
            return answer_scan(session, scan, step=step, work=work)

    def next(self) -> PickRow | None:
        with self.db.transaction(AsFloor(self.site.id, self.worker.id), read_only=True) as session:
            batch = find_open_batch(session, self.site.id, self.worker.id)
            return next_pick(session, self.site.id, batch.id) if batch else None

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with self.db.transaction(AsOffice(), read_only=True) as session:
            return [tuple(row) for row in run(session, sql)]

    def moved(self) -> list[tuple[object, ...]]:
        """Every movement of picking: why, how many, from where, to where, in the order written."""
        return self.ask(
            """SELECT m.because, m.quantity, f.code, m.from_condition, t.code, m.to_condition FROM movements m
               JOIN places f ON f.id = m.from_place_id JOIN places t ON t.id = m.to_place_id
               WHERE m.because IN ('pick', 'unpick') ORDER BY m.at, m.id"""
        )

    def stages(self, order_id: UUID) -> dict[str, int]:
        return {
            str(stage): int(str(quantity))
            for stage, quantity in self.ask(
                f"""SELECT b.stage, sum(b.quantity) FROM line_balances b JOIN order_lines l ON l.id = b.order_line_id
                    WHERE l.order_id = '{order_id}' AND b.quantity > 0 GROUP BY b.stage"""
            )
        }

    def progress(self, order_id: UUID) -> str:
        [(progress,)] = self.ask(f"SELECT progress FROM orders WHERE id = '{order_id}'")
        return str(progress)


def floor(db: Database, *, totes: int = 6) -> Floor:
    """Open a site with 40 teas in A-01-1 and 10 mugs in A-02-1, and take a worker on."""
    here = make.site(db, totes=totes)
    acme = make.merchant(db, here)
    tea, mug = make.sku(db, acme, "TEA"), make.sku(db, acme, "MUG")
    make.stock(db, here, acme, tea, 40)
    make.stock(db, here, acme, mug, 10, bin_number=1)
    worker = people.staff(db, "worker", here, email="wanda@operator.example")
    return Floor(db, here, acme, tea, mug, worker)


def hold(db: Database, merchant_id: UUID, order_id: UUID) -> UUID:
    """Let the merchant put an order on hold."""
    from portal.domain.orders.commands.holds import place_hold
    from portal.kernel.scopes import AsMerchant

    with db.transaction(AsMerchant(merchant_id)) as session:
        return place_hold(
            session,
            merchant_id=merchant_id,
            order_id=order_id,
            kind="merchant",
            reason="The recipient has moved.",
            owner="merchant",
            next_step="Send the new address.",
            by=None,
            at=make.NOW,
        )


def release(db: Database, merchant_id: UUID, hold_id: UUID) -> None:
    """Let the merchant release a hold."""
    from portal.domain.orders.commands.holds import release_hold
    from portal.kernel.scopes import AsMerchant

    with db.transaction(AsMerchant(merchant_id)) as session:
        release_hold(session, merchant_id=merchant_id, hold_id=hold_id, by=None, at=make.NOW)
