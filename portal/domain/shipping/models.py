"""Tables of parcels and their documents. What is in a parcel is the ledger's to say: a parcel is a place."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.domain.shipping.states import PARCEL_MOVES, PARCEL_STATES
from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Parcel(Base):
    """A box that leaves. `number` is what its own label's barcode says; carrier and tracking number come from the label."""

    __tablename__ = "parcels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        ForeignKeyConstraint(["site_id", "place_id"], ["places.site_id", "places.id"]),
        UniqueConstraint("site_id", "number"),
        UniqueConstraint("site_id", "place_id"),
        UniqueConstraint("merchant_id", "site_id", "id"),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in PARCEL_STATES)})", name="state_is_known"),
        CheckConstraint(
            "(state IN ('packed', 'shipped')) <= (packed_at IS NOT NULL)",
            name="packed_parcels_have_an_instant",
        ),
        CheckConstraint("(state = 'packing') <= (packed_at IS NULL)", name="open_parcels_are_not_packed"),
        CheckConstraint(
            "(state = 'shipped') = (shipped_at IS NOT NULL)", name="shipped_parcels_have_an_instant"
        ),
        CheckConstraint(
            "(state = 'shipped') <= (carrier IS NOT NULL)", name="shipped_parcels_have_a_carrier"
        ),
        Index("ix_parcels_merchant_id_order_id", "merchant_id", "order_id"),
        Index("ix_parcels_site_id_tracking_number", "site_id", "tracking_number"),
        Index("ix_parcels_site_id_state", "site_id", "state"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID]
    site_id: Mapped[UUID]
    place_id: Mapped[UUID]
    number: Mapped[str]
    piece: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="packing")
    carrier: Mapped[str | None]
    service: Mapped[str] = mapped_column(server_default="")
    tracking_number: Mapped[str | None]
    weight_g: Mapped[int | None]
    expected_from: Mapped[date | None]
    expected_until: Mapped[date | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    packed_at: Mapped[datetime | None]
    packed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    shipped_at: Mapped[datetime | None]
    shipped_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    def take(self, name: str) -> None:
        """Make the move called `name`; `WrongStateError` when the parcel's state does not allow it."""
        self.state = PARCEL_MOVES.target(name, self.state)


class Document(Base):
    """A rendered paper of a parcel (label, packing slip), kept once by the SHA-256 of its bytes."""

    __tablename__ = "documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "parcel_id"], ["parcels.merchant_id", "parcels.site_id", "parcels.id"]
        ),
        UniqueConstraint("merchant_id", "parcel_id", "kind"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[UUID]
    parcel_id: Mapped[UUID]
    kind: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
