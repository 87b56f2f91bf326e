"""The demo's workers: they walk, pack and ship by the same scans as a tablet sends, at instants of the past days."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.domain.catalog.queries import barcodes_of
from portal.domain.devices.rules import ScanIn
from portal.domain.picking.commands import scan_pick, start_batch
from portal.domain.picking.queries import find_open_batch, next_pick, totes_to_pack
from portal.domain.shipping.commands import open_parcel, scan_label, scan_pack, use_carrier
from portal.domain.shipping.queries import get_parcel, packing_state, parcels_waiting
from portal.kernel.errors import NotEnoughError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.demo.opening import Opened
    from portal.domain.devices.rules import Answer
    from portal.kernel.db import Database
    from portal.kernel.files import Files

TYPED = (
    ("ups", "UPS Ground"), ("dhl", "DHL Express"), ("fedex", "FedEx Home Delivery"), ("usps", "USPS Priority Mail"),
)  # fmt: skip
SCAN_TAKES = timedelta(seconds=9)


@dataclass(slots=True)
class Floor:
    """One shift: whose hands, and what time it is for them."""

    database: Database
    opened: Opened
    files: Files
    chance: random.Random
    at: datetime

    def _scope(self, worker_id: UUID) -> AsFloor:
        return AsFloor(self.opened.site_id, worker_id)

    def _scan(self, worker_id: UUID, code: str) -> ScanIn:
        self.at += SCAN_TAKES
        return ScanIn(
            id=new_id(), site_id=self.opened.site_id, device_id=None, user_id=worker_id, code=code, at=self.at
        )

    def pick(self, worker_id: UUID, *, most_scans: int = 10_000, most_orders: int = 6) -> int:
        """Walk one batch, or the first so many scans of it; return how many scans it took (0: nothing was ready)."""
        site_id = self.opened.site_id
        with self.database.transaction(self._scope(worker_id)) as session:
            try:
                start_batch(session, site_id=site_id, user_id=worker_id, at=self.at, most_orders=most_orders)
            except NotEnoughError:
                return 0
            for done in range(most_scans):
                batch = find_open_batch(session, site_id, worker_id)
                pick = next_pick(session, site_id, batch.id) if batch else None
                if pick is None:
                    return done
                code = (
                    _barcode(session, pick.merchant_id, pick.sku_id)
                    if pick.place_scanned
                    else pick.place_code
                )
                _applied(scan_pick(session, self._scan(worker_id, code)))
        return most_scans

    def pack(self, worker_id: UUID, *, most: int, typed: float = 0.0) -> int:
        """Pack so many waiting totes, some of the parcels with a number typed from a carrier's label; return how many it was."""
        with self.database.transaction(self._scope(worker_id)) as session:
            totes = [tote for tote in totes_to_pack(session, self.opened.site_id) if not tote.held][:most]
        for tote in totes:
            with self.database.transaction(self._scope(worker_id)) as session:
                parcel_id = open_parcel(
                    session, merchant_id=tote.merchant_id, order_id=tote.order_id, by=worker_id, at=self.at
                )
                self._fill(session, worker_id, tote.merchant_id, parcel_id, units=10_000)
                if self.chance.random() < typed:
                    carrier, service = self.chance.choice(TYPED)
                    use_carrier(
                        session, merchant_id=tote.merchant_id, parcel_id=parcel_id, carrier=carrier, service=service, by=worker_id, at=self.at,
                        tracking_number=_number(carrier, self.chance),
                    )  # fmt: skip
        return len(totes)

    def begin_parcel(self, worker_id: UUID) -> None:
        """Open the first waiting tote that holds more than one unit, and pack a single unit of it."""
        with self.database.transaction(self._scope(worker_id)) as session:
            totes = [
                tote
                for tote in totes_to_pack(session, self.opened.site_id)
                if tote.units > 1 and not tote.held
            ]
            if totes:
                tote = totes[0]
                parcel_id = open_parcel(
                    session, merchant_id=tote.merchant_id, order_id=tote.order_id, by=worker_id, at=self.at
                )
                self._fill(session, worker_id, tote.merchant_id, parcel_id, units=1)

    def _fill(
        self, session: Session, worker_id: UUID, merchant_id: UUID, parcel_id: UUID, *, units: int
    ) -> None:
        for line in packing_state(session, merchant_id, parcel_id).lines:
            for _ in range(min(line.missing, units)):
                code = _barcode(session, merchant_id, line.sku_id)
                _applied(
                    scan_pack(
                        session,
                        self._scan(worker_id, code),
                        merchant_id=merchant_id,
                        parcel_id=parcel_id,
                        files=self.files,
                    )
                )
                units -= 1

    def ship(self, worker_id: UUID, *, keep: int = 0) -> int:
        """Scan the labels of all packed parcels but the last `keep`; return how many went."""
        with self.database.transaction(self._scope(worker_id)) as session:
            waiting = parcels_waiting(session, self.opened.site_id)
        gone = waiting[: len(waiting) - keep] if keep else waiting
        for parcel in gone:
            with self.database.transaction(self._scope(worker_id)) as session:
                code = get_parcel(session, parcel.merchant_id, parcel.id).parcel.number
                _applied(scan_label(session, self._scan(worker_id, code)))
        return len(gone)


def _barcode(session: Session, merchant_id: UUID, sku_id: UUID) -> str:
    return next(row.code for row in barcodes_of(session, merchant_id, sku_id) if row.quantity == 1)


def _applied(answer: Answer) -> None:
    if answer.verdict != "applied":
        raise AssertionError(f"the demo's worker was refused: {answer.headline}. {answer.sentence}")


def _number(carrier: str, chance: random.Random) -> str:
    def digits(count: int) -> str:
        return "".join(str(chance.randint(0, 9)) for _ in range(count))

    shapes = {
        "ups": f"1Z999AA1{digits(10)}",
        "dhl": digits(10),
        "fedex": digits(12),
        "usps": f"94001{digits(17)}",
    }
    return shapes[carrier]
