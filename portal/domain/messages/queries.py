"""Reads of messages: the office's log, one message, an order's messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in a list."""

    id: UUID
    merchant_id: UUID | None
    merchant_name: str | None
    order_id: UUID | None
    order_number: str | None
    kind: str
    state: str
    to_name: str
    to_address: str
    subject: str
    error: str
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A message as it was written."""

    row: MessageRow
    topic: str
    from_name: str
    reply_to: str
    attempts: int
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """What the log is narrowed to; empty values narrow nothing. `search`: an address (prefix), or an order number."""

    state: str = ""
    kind: str = ""
    merchant_id: UUID | None = None
    search: str = ""


_COLUMNS = """
SELECT g.id, g.merchant_id, m.name, g.order_id, o.number, g.kind, g.state, g.to_name, g.to_address, g.subject, g.error, g.created_at, g.sent_at
"""
_FROM = """
FROM messages g LEFT JOIN merchants m ON m.id = g.merchant_id
LEFT JOIN orders o ON o.merchant_id = g.merchant_id AND o.id = g.order_id
"""
_WHERE = """
WHERE (:state = '' OR g.state = :state) AND (:kind = '' OR g.kind = :kind)
  AND (CAST(:merchant AS uuid) IS NULL OR g.merchant_id = :merchant)
  AND (:search = '' OR lower(g.to_address) LIKE lower(:prefix) OR o.number = :search)
"""
_LOG = _COLUMNS + _FROM + _WHERE + " ORDER BY g.created_at DESC, g.id DESC LIMIT :limit OFFSET :offset"
_LOG_COUNT = "SELECT count(*) " + _FROM + _WHERE
_ONE = (
    _COLUMNS + ", g.topic, g.from_name, g.reply_to, g.attempts, g.html, g.text " + _FROM + " WHERE g.id = :id"
)
_OF_ORDER = (
    _COLUMNS + _FROM + " WHERE g.merchant_id = :merchant AND g.order_id = :order ORDER BY g.created_at, g.id"
)


def list_messages(
    session: Session, wanted: MessageFilter, *, limit: int = 50, offset: int = 0
) -> tuple[list[MessageRow], int]:
    """Return one page of the messages that the scope sees, newest first, and how many the filter keeps."""
    search = wanted.search.strip()
    prefix = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    parameters = {
        "state": wanted.state, "kind": wanted.kind, "merchant": wanted.merchant_id, "search": search, "prefix": prefix,
    }  # fmt: skip
    rows = run(session, _LOG, parameters | {"limit": limit, "offset": offset})
    [count] = run(session, _LOG_COUNT, parameters)
    return [MessageRow(*row) for row in rows], count[0]


def get_message(session: Session, message_id: UUID) -> MessagePage:
    """Return a message as it was written; `NotFoundError` when the scope sees none with this id."""
    rows = run(session, _ONE, {"id": message_id})
    if not rows:
        raise NotFoundError("There is no such message.")
    return MessagePage(MessageRow(*rows[0][:13]), *rows[0][13:])


def messages_of_order(session: Session, merchant_id: UUID, order_id: UUID) -> list[MessageRow]:
    """Return what the recipient of an order was written, oldest first."""
    return [MessageRow(*row) for row in run(session, _OF_ORDER, {"merchant": merchant_id, "order": order_id})]


def is_written(session: Session, topic: str) -> bool:
    """Say whether a message about this topic exists, whatever became of it."""
    return bool(run(session, "SELECT id FROM messages WHERE topic = :topic", {"topic": topic}))


def count_messages(session: Session) -> dict[str, int]:
    """Return how many messages of the scope are in each state."""
    rows = run(session, "SELECT state, count(*) AS messages FROM messages GROUP BY state")
    return {row.state: row.messages for row in rows}
