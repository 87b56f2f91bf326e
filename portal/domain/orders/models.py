"""Tables of orders, their lines, recipients, holds and history."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.domain.orders.states import AGREEMENTS, PROGRESS
from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Order(Base):
    """One order of one merchant, worked at one site. `promised_on` is the last day on which it has to ship."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("merchant_id", "channel", "external_id"),
        UniqueConstraint("merchant_id", "site_id", "id"),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in AGREEMENTS)})", name="state_is_known"),
        CheckConstraint(f"progress IN ({', '.join(repr(s) for s in PROGRESS)})", name="progress_is_known"),
        CheckConstraint(
            "(state IN ('cancelled')) = (cancelled_at IS NOT NULL)", name="cancelled_orders_have_an_instant"
        ),
        CheckConstraint(
            "(progress IN ('shipped')) = (shipped_at IS NOT NULL)", name="shipped_orders_have_an_instant"
        ),
        Index("ix_orders_merchant_id_placed_at", "merchant_id", "placed_at", "id"),
        Index("ix_orders_merchant_id_number", "merchant_id", "number"),
        Index("ix_orders_merchant_id_progress", "merchant_id", "progress", "placed_at"),
        Index("ix_orders_site_id_progress", "site_id", "progress", "promised_on"),
        Index("ix_orders_merchant_id_promised_on", "merchant_id", "promised_on", "id"),
        Index("ix_orders_placed_at", "placed_at", "id"),
        # Few orders of all are open; lists of what is late or due and the board read these alone.
        Index(
            "ix_orders_open",
            "site_id",
            "promised_on",
            "id",
            postgresql_where="state = 'open' AND progress <> 'shipped'",
        ),
        Index(
            "ix_orders_site_id_shipped_at", "site_id", "shipped_at", postgresql_where="shipped_at IS NOT NULL"
        ),
    )

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    channel: Mapped[str]
    external_id: Mapped[str]
    # By code point, so that a prefix is a range: row-level security lets no index answer LIKE, as LIKE could leak other merchants' rows.
    number: Mapped[str] = mapped_column(Text(collation="C"))
    fingerprint: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    progress: Mapped[str] = mapped_column(server_default="received")
    priority: Mapped[int] = mapped_column(server_default="0")
    service: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str]
    total_minor: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(server_default="")
    import_id: Mapped[UUID | None]
    placed_at: Mapped[datetime]
    promised_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    shipped_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Recipient(Base):
    """Who gets an order, and where: the only table with names, addresses, e-mail and phone of recipients.

    The keys are what a search compares: without capitals, and by code point as an order's number.
    """

    __tablename__ = "recipients"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        Index("ix_recipients_merchant_id_name_key", "merchant_id", "name_key"),
        Index("ix_recipients_merchant_id_email_key", "merchant_id", "email_key"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    name: Mapped[str]
    company: Mapped[str] = mapped_column(server_default="")
    address1: Mapped[str]
    address2: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str]
    region: Mapped[str] = mapped_column(server_default="")
    postcode: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str]
    email: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    name_key: Mapped[str] = mapped_column(
        Text(collation="C"), Computed("lower(name COLLATE pg_c_utf8)", persisted=True)
    )
    email_key: Mapped[str] = mapped_column(
        Text(collation="C"), Computed("lower(email COLLATE pg_c_utf8)", persisted=True)
    )


class OrderLine(Base):
    """So many eaches of a SKU that a recipient bought. Lines that need no shipping are kept for the papers."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        UniqueConstraint("merchant_id", "order_id", "position"),
        UniqueConstraint("merchant_id", "id", "sku_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("quantity_cancelled BETWEEN 0 AND quantity", name="cancelled_within_ordered"),
        CheckConstraint("NOT requires_shipping OR sku_id IS NOT NULL", name="shippable_lines_have_a_sku"),
        Index("ix_order_lines_merchant_id_sku_id", "merchant_id", "sku_id"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID]
    site_id: Mapped[UUID]
    position: Mapped[int]
    sku_id: Mapped[UUID | None]
    sku_code: Mapped[str]
    name: Mapped[str]
    attributes: Mapped[str] = mapped_column(server_default="")
    quantity: Mapped[int]
    quantity_cancelled: Mapped[int] = mapped_column(server_default="0")
    unit_price_minor: Mapped[int | None] = mapped_column(BigInteger)
    requires_shipping: Mapped[bool]


class Hold(Base):
    """A stop on an order, with its kind, its reason, who owns it and what has to happen next."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        Index("ix_holds_merchant_id_order_id", "merchant_id", "order_id"),
        CheckConstraint("owner IN ('merchant', 'operator')", name="owner_is_known"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID]
    site_id: Mapped[UUID]
    kind: Mapped[str]
    reason: Mapped[str]
    owner: Mapped[str]
    next_step: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    released_at: Mapped[datetime | None]
    released_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class OrderEvent(Base):
    """One line of an order's timeline: what happened, in a sentence, by whom. Append-only."""

    __tablename__ = "order_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "site_id", "order_id"], ["orders.merchant_id", "orders.site_id", "orders.id"]
        ),
        Index("ix_order_events_merchant_id_order_id_at", "merchant_id", "order_id", "at"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    order_id: Mapped[UUID]
    site_id: Mapped[UUID]
    kind: Mapped[str]
    sentence: Mapped[str]
    by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class IdempotencyKey(Base):
    """A key that a machine sent with a write, the hash of what it sent, and the answer that it got."""

    __tablename__ = "idempotency_keys"

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
