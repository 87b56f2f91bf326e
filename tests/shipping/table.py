"""A packing table with a picked order on it, and scans as a tablet sends them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from portal.domain.devices.commands import answer_scan
from portal.domain.devices.rules import Answer, ScanIn
from portal.domain.orders.check import check_orders
from portal.domain.shipping.check import check_parcels
from portal.domain.shipping.commands import (
    close_parcel,
    open_parcel,
    scan_label,
    scan_pack,
    ship_parcel,
    unpack_last,
)
from portal.domain.shipping.queries import PackingState, ParcelRow, packing_state, parcels_of_order
from portal.domain.stock.check import check_stock
from portal.kernel.db import snapshot
from portal.kernel.files import Files
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor, AsMaintenance, AsMerchant
from tests import make
from tests.picking.walk import Floor, floor

if TYPE_CHECKING:
    from portal.config import Config
    from portal.kernel.db import Database


@dataclass(frozen=True, slots=True)
class Table:
    """A floor with a packing table: the documents' folder and what a packer does."""

    floor: Floor
    config: Config

    @property
    def files(self) -> Files:
        return Files(self.config.var / "documents")

    @property
    def acme(self) -> UUID:
        return self.floor.acme

    def order(self, tea: int = 0, mug: int = 0, *, number: str = "") -> UUID:
        """Take an order on and pick all of it."""
        wanted = {sku: q for sku, q in ((self.floor.tea, tea), (self.floor.mug, mug)) if q}
        order_id = make.order(
            self.floor.db,
            self.acme,
            wanted,
            number=number,
            codes={self.floor.tea: "TEA", self.floor.mug: "MUG"},
        )
        self.pick()
        return order_id

    def pick(self) -> None:
        """Walk until nothing is left to pick."""
        self.floor.start()
        while (pick := self.floor.next()) is not None:
            self.floor.scan(pick.place_code)
            for _ in range(pick.left):
                assert self.floor.scan(f"{pick.sku_code}-BC").verdict == "applied"

    def open(self, order_id: UUID) -> UUID:
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            return open_parcel(
                session, merchant_id=self.acme, order_id=order_id, by=self.floor.worker.id, at=make.NOW
            )

    def scan(self, parcel_id: UUID, code: str, *, scan_id: UUID | None = None) -> Answer:
        work = partial(scan_pack, merchant_id=self.acme, parcel_id=parcel_id, files=self.files)
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            return answer_scan(session, self.make_scan(code, scan_id), step="pack", work=work)

    def label(self, code: str, *, scan_id: UUID | None = None) -> Answer:
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            return answer_scan(session, self.make_scan(code, scan_id), step="ship", work=scan_label)

    def undo(self, parcel_id: UUID) -> Answer:
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            return unpack_last(session, merchant_id=self.acme, parcel_id=parcel_id, by=None, at=make.NOW)

    def close(self, parcel_id: UUID) -> None:
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            close_parcel(
                session, merchant_id=self.acme, parcel_id=parcel_id, files=self.files, by=None, at=make.NOW
            )

    def ship(self, parcel_id: UUID) -> None:
        with self.floor.db.transaction(AsFloor(self.floor.site.id)) as session:
            ship_parcel(
                session, merchant_id=self.acme, parcel_id=parcel_id, scan_id=None, by=None, at=make.NOW
            )

    def packed(self, tea: int = 0, mug: int = 0) -> tuple[UUID, ParcelRow]:
        """Take on, pick and pack an order; return its id and its parcel."""
        order_id = self.order(tea, mug)
        parcel_id = self.open(order_id)
        for code in ["TEA-BC"] * tea + ["MUG-BC"] * mug:
            assert self.scan(parcel_id, code).verdict == "applied"
        [parcel] = self.parcels(order_id)
        assert parcel.state == "packed"
        return order_id, parcel

    def state(self, parcel_id: UUID) -> PackingState:
        with self.floor.db.transaction(AsFloor(self.floor.site.id), read_only=True) as session:
            return packing_state(session, self.acme, parcel_id)

    def parcels(self, order_id: UUID) -> list[ParcelRow]:
        """What the merchant sees."""
        with self.floor.db.transaction(AsMerchant(self.acme), read_only=True) as session:
            return parcels_of_order(session, self.acme, order_id)

    def events(self, order_id: UUID) -> list[str]:
        rows = self.floor.ask(
            f"SELECT sentence FROM order_events WHERE order_id = '{order_id}' ORDER BY at, id"
        )
        return [str(sentence) for (sentence,) in rows]

    def news(self) -> list[str]:
        rows = self.floor.ask(
            "SELECT event FROM outbox WHERE event IN ('ParcelPacked', 'ParcelShipped') ORDER BY id"
        )
        return [str(event) for (event,) in rows]

    def moved(self) -> list[tuple[object, ...]]:
        """Every movement of packing and shipping; a parcel's place is called by its kind."""
        return self.floor.ask(
            """SELECT m.because, m.quantity, CASE WHEN f.kind = 'parcel' THEN 'parcel' ELSE f.code END,
                      CASE WHEN t.kind = 'parcel' THEN 'parcel' ELSE t.code END, m.reverses_id IS NOT NULL
               FROM movements m JOIN places f ON f.id = m.from_place_id JOIN places t ON t.id = m.to_place_id
               WHERE m.because IN ('pack', 'unpack', 'ship') ORDER BY m.id"""
        )

    def differing(self) -> list[str]:
        """What `portal check` finds."""
        with snapshot(self.config.migration_database_url, AsMaintenance(reason="test")) as session:
            comparisons = [*check_stock(session), *check_orders(session), *check_parcels(session)]
        return [line for comparison in comparisons for line in comparison.differing]

    def check(self) -> None:
        assert self.differing() == []

    def make_scan(self, code: str, scan_id: UUID | None = None) -> ScanIn:
        return ScanIn(
            id=scan_id or new_id(),
            site_id=self.floor.site.id,
            device_id=None,
            user_id=self.floor.worker.id,
            code=code,
            at=make.NOW,
        )


def table(db: Database, config: Config) -> Table:
    """Open a site with stock of tea and mugs, a worker, totes and a packing table."""
    return Table(floor(db), config)
