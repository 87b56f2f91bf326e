"""Tables of batches and picks. They belong to a site; merchants do not read them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Batch(Base):
    """One walk of one cart, by one worker on one device until it is done or given back."""

    __tablename__ = "batches"
    __table_args__ = (
        UniqueConstraint("site_id", "id"),
        UniqueConstraint("site_id", "number"),
        CheckConstraint("state IN ('picking', 'picked', 'cancelled')", name="state_is_known"),
        CheckConstraint(
            "(state <> 'picking') = (finished_at IS NOT NULL)", name="finished_batches_have_an_instant"
        ),
        Index(
            "uq_batches_worker_at_work",
            "site_id",
            "user_id",
            unique=True,
            postgresql_where="state = 'picking'",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    number: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="picking")
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class BatchOrder(Base):
    """An order in a batch and the tote that its goods go into. An order is in one open batch at most, and so is a tote."""

    __tablename__ = "batch_orders"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "batch_id"], ["batches.site_id", "batches.id"]),
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        ForeignKeyConstraint(["site_id", "tote_id"], ["places.site_id", "places.id"]),
        UniqueConstraint("merchant_id", "order_id"),
        Index(
            "uq_batch_orders_tote_in_use",
            "site_id",
            "tote_id",
            unique=True,
            postgresql_where="tote_free_at IS NULL",
        ),
    )

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    tote_id: Mapped[UUID]
    tote_free_at: Mapped[datetime | None]


class Pick(Base):
    """Take `quantity` eaches of a SKU from a place into an order's tote; `sequence` is the walking order."""

    __tablename__ = "picks"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "batch_id"], ["batches.site_id", "batches.id"]),
        ForeignKeyConstraint(["merchant_id", "order_line_id"], ["order_lines.merchant_id", "order_lines.id"]),
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        ForeignKeyConstraint(["site_id", "place_id"], ["places.site_id", "places.id"]),
        ForeignKeyConstraint(["site_id", "tote_id"], ["places.site_id", "places.id"]),
        UniqueConstraint("site_id", "batch_id", "sequence"),
        CheckConstraint(
            "quantity > 0 AND quantity_picked BETWEEN 0 AND quantity", name="picked_within_asked"
        ),
    )

    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    batch_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    place_id: Mapped[UUID]
    tote_id: Mapped[UUID]
    sequence: Mapped[int]
    quantity: Mapped[int]
    quantity_picked: Mapped[int] = mapped_column(server_default="0")
    place_scanned_at: Mapped[datetime | None]
