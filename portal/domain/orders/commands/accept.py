"""Taking orders in. Set-based: a file of ten thousand orders costs as many statements as a file of one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, any_, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.domain.accounts.queries import merchant_calendar
from portal.domain.orders.events import OrderAccepted
from portal.domain.orders.models import Order, OrderEvent, OrderLine, Recipient
from portal.domain.orders.rules import promised_on
from portal.kernel.ids import new_id
from portal.kernel.outbox import record_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecipient:
    """Who gets the order. `country` is ISO 3166-1 alpha-2."""

    name: str
    address1: str
    city: str
    country: str
    company: str = ""
    address2: str = ""
    region: str = ""
    postcode: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """So many eaches of a SKU. `sku_id` may be None only where nothing has to be shipped."""

    sku_id: UUID | None
    sku_code: str
    name: str
    quantity: int
    unit_price_minor: int | None = None
    requires_shipping: bool = True
    attributes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that has passed every check. `(channel, external_id)` is unique for a merchant."""

    channel: str
    external_id: str
    number: str
    placed_at: datetime
    currency: str
    recipient: NewRecipient
    lines: tuple[NewLine, ...]
    service: str = ""
    note: str = ""
    total_minor: int | None = None
    fingerprint: str = ""
    import_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


def fingerprint_of(order: NewOrder) -> str:
    """Return the hash of what an order says, so that the same order again can be told from a changed one."""
    content: dict[str, Any] = asdict(order) | {"id": None, "import_id": None, "fingerprint": None}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def accept_orders(
    session: Session,
    *,
    merchant_id: UUID,
    orders: Sequence[NewOrder],
    source: str,
    by: UUID | None,
    at: datetime,
) -> list[UUID]:
    """Make the orders ours: rows, timeline, promise date and the news `OrderAccepted` of each; return their ids.

    `source` says where they came from, for the timeline ("from orders.csv"). Raises IntegrityError when the merchant
    has an order of that channel and external id already: callers look first and hold the answer under their own lock.
    """
    if not orders:
        return []
    calendar = merchant_calendar(session, merchant_id)
    promise = promised_on(
        at, timezone=calendar.timezone, cut_off=calendar.cut_off, handling_days=calendar.handling_days
    )
    key = {"merchant_id": merchant_id, "site_id": calendar.site_id}
    session.execute(
        insert(Order),
        [
            key | {
                "id": order.id, "channel": order.channel, "external_id": order.external_id, "number": order.number,
                "fingerprint": order.fingerprint or fingerprint_of(order), "service": order.service, "currency": order.currency,
                "total_minor": order.total_minor, "note": order.note, "import_id": order.import_id, "placed_at": order.placed_at,
                "promised_on": promise, "created_at": at,
            }
            for order in orders
        ],
    )  # fmt: skip
    session.execute(
        insert(Recipient), [key | {"order_id": order.id} | asdict(order.recipient) for order in orders]
    )
    session.execute(
        insert(OrderLine),
        [
            key | {"id": new_id(), "order_id": order.id, "position": position} | asdict(line)
            for order in orders
            for position, line in enumerate(order.lines, start=1)
        ],
    )
    session.execute(
        insert(OrderEvent),
        [
            key
            | {
                "id": new_id(),
                "order_id": order.id,
                "kind": "accepted",
                "sentence": f"Order received {source}.",
                "by_user_id": by,
                "at": at,
            }
            for order in orders
        ],
    )
    record_all(session, [OrderAccepted(merchant_id=merchant_id, order_id=order.id) for order in orders])
    return [order.id for order in orders]


def known_orders(
    session: Session, merchant_id: UUID, channel: str, external_ids: Sequence[str]
) -> dict[str, tuple[UUID, str]]:
    """Return, for those external ids that the merchant has an order of, its id and fingerprint."""
    rows = session.execute(
        select(Order.external_id, Order.id, Order.fingerprint).where(
            Order.merchant_id == merchant_id,
            Order.channel == channel,
            Order.external_id == any_(literal(list(external_ids), ARRAY(Text))),
        )
    )
    return {external_id: (order_id, fingerprint) for external_id, order_id, fingerprint in rows}


def known_numbers(
    session: Session, merchant_id: UUID, channel: str, numbers: Sequence[str]
) -> dict[str, tuple[UUID, str, str]]:
    """Return, for those numbers that the merchant has an order of, its id, fingerprint and external id (the newest's)."""
    rows = session.execute(
        select(Order.number, Order.id, Order.fingerprint, Order.external_id)
        .where(
            Order.merchant_id == merchant_id,
            Order.channel == channel,
            Order.number == any_(literal(list(numbers), ARRAY(Text))),
        )
        .order_by(Order.id)
    )
    return {number: (order_id, before, external_id) for number, order_id, before, external_id in rows}
