"""Tables of places and of the ledger. Balances are written by a database trigger only."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id

PHYSICAL_KINDS = ("dock", "storage", "pack", "tote", "parcel", "quarantine", "returns")
VIRTUAL_KINDS = ("supplier", "recipient", "lost", "found", "scrap")
CONDITIONS = ("available", "allocated", "picked", "quarantine", "damaged")
REASONS = ("receive", "allocate", "deallocate", "pick", "unpick", "pack", "unpack", "ship", "move", "adjust")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Place(Base):
    """A bin, dock, tote or parcel of one site, or one of its virtual places. `walk_order` sorts bins along the walk."""

    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("site_id", "code"),
        UniqueConstraint("site_id", "id"),
        CheckConstraint(_one_of("kind", PHYSICAL_KINDS + VIRTUAL_KINDS), name="kind_is_known"),
        CheckConstraint(f"physical = ({_one_of('kind', PHYSICAL_KINDS)})", name="kind_says_physical"),
        Index("ix_places_site_id_kind", "site_id", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    code: Mapped[str]
    kind: Mapped[str]
    physical: Mapped[bool]
    walk_order: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Lot(Base):
    """Goods of one SKU made together, with the date after which they may not be sold."""

    __tablename__ = "lots"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        UniqueConstraint("merchant_id", "sku_id", "code"),
        UniqueConstraint("merchant_id", "sku_id", "id"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    sku_id: Mapped[UUID]
    code: Mapped[str]
    expires_on: Mapped[date | None]


class Movement(Base):
    """`quantity` eaches of a SKU went from one place and condition to another, for a reason, by somebody, at an instant."""

    __tablename__ = "movements"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        ForeignKeyConstraint(
            ["merchant_id", "sku_id", "lot_id"], ["lots.merchant_id", "lots.sku_id", "lots.id"]
        ),
        ForeignKeyConstraint(["site_id", "from_place_id"], ["places.site_id", "places.id"]),
        ForeignKeyConstraint(["site_id", "to_place_id"], ["places.site_id", "places.id"]),
        ForeignKeyConstraint(
            ["merchant_id", "order_line_id", "sku_id"],
            ["order_lines.merchant_id", "order_lines.id", "order_lines.sku_id"],
        ),
        ForeignKeyConstraint(["merchant_id", "reverses_id"], ["movements.merchant_id", "movements.id"]),
        UniqueConstraint("merchant_id", "reverses_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint(
            "(from_place_id, from_condition) IS DISTINCT FROM (to_place_id, to_condition)",
            name="goes_somewhere",
        ),
        CheckConstraint(_one_of("from_condition", CONDITIONS), name="from_condition_is_known"),
        CheckConstraint(_one_of("to_condition", CONDITIONS), name="to_condition_is_known"),
        CheckConstraint(_one_of("because", REASONS), name="reason_is_known"),
        CheckConstraint(
            "(from_condition IN ('allocated', 'picked') OR to_condition IN ('allocated', 'picked')) = (order_line_id IS NOT NULL)",
            name="promised_goods_name_their_line",
        ),
        Index("ix_movements_merchant_id_order_line_id", "merchant_id", "order_line_id"),
        Index("ix_movements_merchant_id_sku_id_at", "merchant_id", "sku_id", "at"),
        Index("ix_movements_site_id_to_place_id", "site_id", "to_place_id"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, server_default=func.uuidv7())
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    sku_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    quantity: Mapped[int]
    from_place_id: Mapped[UUID]
    from_condition: Mapped[str]
    to_place_id: Mapped[UUID]
    to_condition: Mapped[str]
    because: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    order_line_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    scan_id: Mapped[UUID | None]
    by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class Balance(Base):
    """How many eaches of a SKU (and lot) are in a place in a condition. Written by the ledger's trigger only."""

    __tablename__ = "balances"
    __table_args__ = (
        UniqueConstraint(
            "merchant_id",
            "sku_id",
            "lot_id",
            "place_id",
            "condition",
            name="uq_balances_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        ForeignKeyConstraint(["site_id", "place_id"], ["places.site_id", "places.id"]),
        CheckConstraint("NOT physical OR quantity >= 0", name="physical_stock_is_not_negative"),
        Index("ix_balances_site_id_place_id", "site_id", "place_id"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, server_default=func.uuidv7())
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    sku_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    place_id: Mapped[UUID]
    condition: Mapped[str]
    physical: Mapped[bool]
    quantity: Mapped[int]


class LineBalance(Base):
    """Where the goods of one order line are: eaches by place and condition. Written by the ledger's trigger only.

    `stage` follows from condition and kind of place: allocated, picked (in a tote), packed (in a parcel), shipped.
    """

    __tablename__ = "line_balances"
    __table_args__ = (
        UniqueConstraint(
            "merchant_id",
            "order_line_id",
            "lot_id",
            "place_id",
            "condition",
            name="uq_line_balances_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["merchant_id", "order_line_id"], ["order_lines.merchant_id", "order_lines.id"]),
        ForeignKeyConstraint(["site_id", "place_id"], ["places.site_id", "places.id"]),
        CheckConstraint("quantity >= 0", name="line_stock_is_not_negative"),
        CheckConstraint("stage IN ('allocated', 'picked', 'packed', 'shipped')", name="stage_is_known"),
        Index("ix_line_balances_site_id_place_id", "site_id", "place_id"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, server_default=func.uuidv7())
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    order_line_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    place_id: Mapped[UUID]
    condition: Mapped[str]
    stage: Mapped[str]
    quantity: Mapped[int]
