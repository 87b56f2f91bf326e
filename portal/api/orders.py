"""Between the API's words and the rooms': an order sent becomes an accepted one, a stored one becomes an answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from portal.api.schemas import LineOut, OrderIn, OrderPageOut, ParcelOut, RecipientOut, WhyOut
from portal.domain.accounts.queries import merchant_calendar
from portal.domain.catalog.commands import add_draft_skus
from portal.domain.catalog.queries import sku_ids
from portal.domain.orders.commands.accept import NewLine, NewOrder, NewRecipient, accept_orders, known_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.queries import get_order
from portal.domain.orders.states import ORDER_MOVES, PROGRESS
from portal.domain.shipping.queries import parcels_of_order
from portal.domain.shipping.rules.carriers import tracking_link
from portal.kernel import clock
from portal.kernel.errors import DuplicateError, FieldProblem, UnprocessableError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

CHANNEL = "api"
PROGRESS_VALUES = PROGRESS


def send_order(
    session: Session, merchant_id: UUID, sent: OrderIn, *, by: UUID | None
) -> tuple[OrderPageOut, bool]:
    """Accept an order and give it its stock; return it, and whether it was new.

    The same external id with the same content is the same order. With other content it is a `DuplicateError`: nothing
    is overwritten. Unknown SKUs are refused by name, or made as drafts if the sender says so.
    """
    now = clock.now()
    new = _new_order(session, merchant_id, sent)
    known = known_orders(session, merchant_id, CHANNEL, [new.external_id])
    if not known:
        try:
            with session.begin_nested():
                accept_orders(session, merchant_id=merchant_id, orders=[new], source="by API", by=by, at=now)
        except IntegrityError as error:
            # Somebody sent the same order under another key at the same moment.
            known = known_orders(session, merchant_id, CHANNEL, [new.external_id])
            if not known:
                raise error
    if known:
        order_id, before = known[new.external_id]
        if before != new.fingerprint:
            raise DuplicateError(
                f"There is an order with external_id {new.external_id} and other content. Nothing was changed.",
                code="changed_order",
            )
        return order_page(session, merchant_id, order_id), False
    allocate(session, merchant_id=merchant_id, order_ids=[new.id], by=by, at=now)
    return order_page(session, merchant_id, new.id, new=True), True


def _new_order(session: Session, merchant_id: UUID, sent: OrderIn) -> NewOrder:
    codes = {line.sku: line.name for line in sent.lines}
    skus = sku_ids(session, merchant_id, list(codes))
    missing = [code for code in codes if code not in skus]
    if missing and sent.unknown_skus == "refuse":
        problems = tuple(
            FieldProblem(
                f"lines.{index}.sku",
                "unknown_sku",
                f"The catalogue has no SKU {line.sku}. Add it, or send unknown_skus: create.",
            )
            for index, line in enumerate(sent.lines)
            if line.sku in missing
        )
        raise UnprocessableError(problems[0].sentence, problems=problems, code="unknown_sku")
    skus |= add_draft_skus(
        session, merchant_id=merchant_id, names_by_code={code: codes[code] for code in missing}
    )
    currency = sent.currency or merchant_calendar(session, merchant_id).currency
    return NewOrder(
        channel=CHANNEL, external_id=sent.external_id, number=sent.number, placed_at=sent.placed_at or clock.now(), currency=currency,
        service=sent.service, note=sent.note, total_minor=sent.total_minor, recipient=NewRecipient(**sent.recipient.model_dump()),
        lines=tuple(
            NewLine(
                sku_id=skus[line.sku], sku_code=line.sku, name=line.name or line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor,
                attributes=line.attributes,
            )
            for line in sent.lines
        ),
        # What was sent, without what we filled in: the same request tomorrow is the same order.
        fingerprint=hashlib.sha256(sent.model_dump_json(exclude={"unknown_skus"}).encode()).hexdigest(),
    )  # fmt: skip


def order_page(session: Session, merchant_id: UUID, order_id: UUID, *, new: bool = False) -> OrderPageOut:
    """Return an order as the API shows it; `NotFoundError` when the merchant has no such order. A new one has no parcels yet."""
    page = get_order(session, merchant_id, order_id)
    return OrderPageOut(
        id=page.id, number=page.number, channel=page.channel, external_id=page.external_id, state=page.state, progress=page.progress,
        on_hold=any(hold.released_at is None for hold in page.holds), placed_at=page.placed_at, promised_on=page.promised_on,
        shipped_at=page.shipped_at, units=page.units, service=page.service, note=page.note, currency=page.currency, total_minor=page.total_minor,
        recipient=None if page.recipient is None else RecipientOut.model_validate(page.recipient, from_attributes=True),
        lines=[
            LineOut(
                sku=line.sku_code, name=line.name, attributes=line.attributes, quantity=line.quantity, quantity_cancelled=line.quantity_cancelled,
                unit_price_minor=line.unit_price_minor, requires_shipping=line.requires_shipping, quantity_allocated=line.allocated,
                quantity_picked=line.picked, quantity_packed=line.packed, quantity_shipped=line.shipped,
            )
            for line in page.lines
        ],
        parcels=[
            ParcelOut(
                number=parcel.number, state=parcel.state, carrier=parcel.carrier, service=parcel.service, tracking_number=parcel.tracking_number,
                tracking_link=tracking_link(parcel.carrier, parcel.tracking_number) if parcel.carrier and parcel.tracking_number else None,
                shipped_at=parcel.shipped_at,
            )
            for parcel in (() if new else parcels_of_order(session, merchant_id, order_id))
        ],
        why_not_shipped=WhyOut(code=page.why.code, reason=page.why.reason, owner=page.why.owner, next_step=page.why.next_step),
        actions=list(ORDER_MOVES.allowed(page.state)) if page.progress in ("received", "waiting_for_stock", "ready") else [],
    )  # fmt: skip
