"""The only writers of messages. A message is written once per topic; each step of its sending is committed on its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.domain.messages.events import MessageQueued
from portal.domain.messages.links import revoke_details
from portal.domain.messages.models import Message
from portal.domain.messages.rules import KIND_WORDS, SECRET_KINDS, strike_secrets
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.queries import lock_order
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError, WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

MOST_TRIES = 10
"""So often a mail server may say "not now" before the message is failed and waits for a person."""

LOST_AFTER_S = 300
"""A message that has been `sending` for so long has no worker any more."""

_OUTCOMES = {
    "sent": "sent to the recipient",
    "failed": "not sent: the mail server refused it",
    "unknown": "may or may not have been sent; look at the message log",
}
"""What the timeline says of each way in which sending ends."""

_STATE_WORDS = {"failed": "not sent", "unknown": "perhaps not sent", "kept": "only kept"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that is to be kept and sent; without a merchant it is the operator's own."""

    merchant_id: UUID | None
    kind: str
    topic: str
    from_name: str
    reply_to: str
    to_name: str
    to_address: str
    subject: str
    html: str
    text: str
    order_id: UUID | None = None
    parcel_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that this worker, and no other, may hand to the mail server now."""

    id: UUID
    merchant_id: UUID | None
    order_id: UUID | None
    kind: str
    attempts: int
    from_name: str
    reply_to: str
    to_name: str
    to_address: str
    subject: str
    html: str
    text: str


def queue_message(session: Session, message: NewMessage) -> bool:
    """Keep a message and let it go out; False, and nothing happens, when its topic has been written about already."""
    inserted = session.execute(
        insert(Message)
        .values(**asdict(message))
        .on_conflict_do_nothing(index_elements=["topic"])
        .returning(Message.id)
    ).scalar()
    if inserted is None:
        return False
    record(session, MessageQueued(merchant_id=message.merchant_id, message_id=message.id))
    return True


def start_message(session: Session, *, message_id: UUID, at: datetime) -> Outgoing | None:
    """Mark a queued message `sending` for this worker; None when it is in any other state. Commit before speaking to the server."""
    message = _locked(session, message_id)
    if message.state != "queued":
        return None
    message.take("start")
    message.sending_at = at
    message.attempts += 1
    return Outgoing(
        message.id, message.merchant_id, message.order_id, message.kind, message.attempts, message.from_name, message.reply_to, message.to_name,
        message.to_address, message.subject, message.html, message.text,
    )  # fmt: skip


def conclude_message(session: Session, *, message_id: UUID, move: str, error: str = "", at: datetime) -> None:
    """Write down how sending ended: `confirm`, `fail`, `requeue` (surely not delivered) or `lose` (nobody knows).

    What was sent for sure is told on the order's timeline, and a link that lets somebody in is struck from our copy.
    """
    message = _locked(session, message_id)
    message.take(move)
    message.error = error
    if message.state == "sent":
        message.sent_at = at
        if message.kind in SECRET_KINDS:
            message.html, message.text = strike_secrets(message.html), strike_secrets(message.text)
    _tell_order(session, message, _OUTCOMES.get(message.state, ""), at=at)


def keep_message(session: Session, *, message_id: UUID, at: datetime) -> bool:
    """Keep a queued message for reading, where no mail server is set; False when it is not queued."""
    message = _locked(session, message_id)
    if message.state != "queued":
        return False
    message.take("keep")
    _tell_order(session, message, "written and kept; no mail server is set, so it was not sent", at=at)
    return True


def resend_message(
    session: Session, *, message_id: UUID, mail_server: bool, by: UUID | None, at: datetime
) -> None:
    """Let a message that failed, was lost or only kept go out (again), exactly as it was written.

    Raises `WrongStateError` for a message in another state, or where no mail server is set.
    """
    if not mail_server:
        raise WrongStateError(
            "No mail server is set, so messages are kept and not sent. Set SMTP_URL and start the workers again."
        )
    message = _locked(session, message_id)
    was = message.state
    message.take("send again")
    message.attempts = 0
    message.error = ""
    record(session, MessageQueued(merchant_id=message.merchant_id, message_id=message.id))
    _tell_order(session, message, f"was {_STATE_WORDS[was]} and is sent again", by=by, at=at)


def end_details_links(
    session: Session, *, merchant_id: UUID, order_id: UUID, by: UUID | None, at: datetime
) -> int:
    """End every link to an order's address and prices that was mailed so far; return how many. The tracking page stays.

    Raises `NotFoundError` when the scope sees no such order. Later mails carry new links.
    """
    order = lock_order(session, merchant_id, order_id)
    ended = revoke_details(session, order_id=order.id)
    if ended:
        add_event(
            session,
            merchant_id=merchant_id,
            order_id=order.id,
            site_id=order.site_id,
            kind="details_links_ended",
            sentence="The links to address and prices in the mails sent so far were ended.",
            by=by,
            at=at,
        )
    return ended


def mark_lost_messages(session: Session, *, at: datetime) -> int:
    """Mark as `unknown` what has been `sending` for too long: its worker died; a person decides. Return how many."""
    lost = session.scalars(
        select(Message)
        .where(Message.state == "sending", Message.sending_at < at - timedelta(seconds=LOST_AFTER_S))
        .with_for_update(skip_locked=True)
    ).all()
    for message in lost:
        message.take("lose")
        message.error = (
            "The worker ended while it spoke to the mail server, so it may or may not have arrived."
        )
        _tell_order(session, message, _OUTCOMES["unknown"], at=at)
    return len(lost)


def _tell_order(
    session: Session, message: Message, what: str, *, by: UUID | None = None, at: datetime
) -> None:
    """Write on the order's timeline what became of a message. No address: a timeline cannot be changed when one has to go."""
    if not what or message.merchant_id is None or message.order_id is None:
        return
    [site] = run(
        session,
        "SELECT site_id FROM orders WHERE merchant_id = :m AND id = :o",
        {"m": message.merchant_id, "o": message.order_id},
    )
    add_event(
        session,
        merchant_id=message.merchant_id,
        order_id=message.order_id,
        site_id=site[0],
        kind=f"message_{message.state}",
        sentence=f"{KIND_WORDS.get(message.kind, message.kind)} {what}.",
        by=by,
        at=at,
    )


def _locked(session: Session, message_id: UUID) -> Message:
    message = session.scalars(select(Message).where(Message.id == message_id).with_for_update()).one_or_none()
    if message is None:
        raise NotFoundError("There is no such message.")
    return message
