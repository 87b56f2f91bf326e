"""Orders by machine: send one, list them, look at one."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response, g, request
from werkzeug.exceptions import UnsupportedMediaType

from portal.api.door import api
from portal.api.orders import PROGRESS_VALUES, order_page, send_order
from portal.api.reading import read_json
from portal.api.schemas import OrderIn, OrderListOut, OrderOut
from portal.domain.orders.commands.idempotency import KeptAnswer, claim_key, keep_answer
from portal.domain.orders.queries import OrderFilter, list_orders
from portal.kernel.errors import FieldProblem, NotFoundError, UnprocessableError
from portal.web.access import permit
from portal.web.database import transaction

if TYPE_CHECKING:
    from pydantic import BaseModel

MAX_PER_PAGE = 250
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@api.post("/orders")
@permit("orders.write")
def post_order() -> Response:
    """Send one order. The same `Idempotency-Key` with the same body gives the first answer again."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        sentence = "Send an Idempotency-Key header: 1 to 255 printable characters, a new one for each order."
        raise UnprocessableError(
            sentence,
            problems=(FieldProblem("Idempotency-Key", "missing", sentence),),
            code="idempotency_key_missing",
        )
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the order as application/json.")
    raw = request.get_data()
    with transaction() as session:
        principal = g.principal
        mine: dict[str, Any] = {
            "merchant_id": principal.merchant_id,
            "principal": str(principal.session_id),
            "key": key,
        }
        kept = claim_key(session, **mine, request_sha256=hashlib.sha256(b"POST orders\0" + raw).hexdigest())
        if kept is None:
            sent = OrderIn.model_validate(read_json(raw))
            page, created = send_order(session, principal.merchant_id, sent, by=principal.user_id)
            kept = KeptAnswer(201 if created else 200, page.model_dump_json().encode())
            keep_answer(session, **mine, answer=kept)
    return Response(kept.body, kept.status, mimetype="application/json")


@api.get("/orders")
@permit("orders.read")
def get_orders() -> Response:
    """List orders, newest first; `page`, `per_page` (up to 250), `progress`, `search`."""
    page, per_page = _whole("page", 1, 1_000_000), _whole("per_page", 50, MAX_PER_PAGE)
    progress = request.args.get("progress", "")
    if progress and progress not in PROGRESS_VALUES:
        sentence = f"progress is {progress[:40]!r}; it has to be one of {', '.join(PROGRESS_VALUES)}."
        raise UnprocessableError(sentence, problems=(FieldProblem("progress", "unknown", sentence),))
    search = request.args.get("search", "")
    if "\0" in search:
        raise UnprocessableError(
            "search has a NUL character in it; take it out.",
            problems=(FieldProblem("search", "nul", "Take the NUL character out."),),
        )
    wanted = OrderFilter(merchant_id=g.principal.merchant_id, progress=progress, search=search[:200])
    with transaction() as session:
        rows, total = list_orders(session, wanted, limit=per_page, offset=(page - 1) * per_page)
    data = [
        OrderOut(
            id=row.id, number=row.number, channel=row.channel, external_id=row.external_id, state=row.state, progress=row.progress, on_hold=row.held,
            placed_at=row.placed_at, promised_on=row.promised_on, shipped_at=row.shipped_at, units=row.units,
        )
        for row in rows
    ]  # fmt: skip
    more = page * per_page < total
    return _json(
        OrderListOut(
            data=data, page=page, per_page=per_page, total=total, next_page=page + 1 if more else None
        )
    )


@api.get("/orders/<order_id>")
@permit("orders.read")
def get_order(order_id: str) -> Response:
    """Look at one order."""
    try:
        wanted = UUID(order_id)
    except ValueError:
        raise NotFoundError("There is no such order.") from None
    with transaction() as session:
        return _json(order_page(session, g.principal.merchant_id, wanted))


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), mimetype="application/json")


def _whole(name: str, default: int, most: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        sentence = f"{name} is {text[:40]!r}; it has to be a whole number from 1 to {most}."
        raise UnprocessableError(sentence, problems=(FieldProblem(name, "out_of_range", sentence),))
    return int(text)
