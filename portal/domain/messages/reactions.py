"""What follows from news about orders, parcels and people: a mail is written; and from a written mail: it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.accounts.commands.passwords import INVITATION_LIVES, RESET_LIVES, issue_link
from portal.domain.accounts.queries import find_person, get_merchant, merchant_calendar
from portal.domain.messages import letters
from portal.domain.messages.commands import (
    MOST_TRIES,
    NewMessage,
    conclude_message,
    keep_message,
    mark_lost_messages,
    queue_message,
    start_message,
)
from portal.domain.messages.links import open_details, open_tracking
from portal.domain.messages.queries import is_written
from portal.domain.messages.rules import KIND_WORDS
from portal.domain.orders.commands.events import add_event
from portal.domain.orders.queries import get_order
from portal.domain.shipping.queries import parcels_of_order
from portal.domain.shipping.rules.carriers import estimate_arrival
from portal.kernel import clock
from portal.kernel.ids import new_id
from portal.kernel.mail import Mail, MailServer, NobodyKnowsError, NotNowError, RefusedError, compose
from portal.kernel.scopes import AsOffice, AsSystem

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.config import Config
    from portal.domain.accounts.events import InvitationIssued, PasswordResetAsked
    from portal.domain.accounts.queries import MerchantRow, PersonRow
    from portal.domain.messages.commands import Outgoing
    from portal.domain.messages.events import MessageQueued
    from portal.domain.orders.events import OrderAccepted
    from portal.domain.orders.queries import OrderPage, RecipientRow
    from portal.domain.shipping.events import ParcelShipped
    from portal.kernel.db import Database


def confirm_order(session: Session, event: OrderAccepted, config: Config) -> None:
    """Write the order confirmation, unless the order is cancelled already or nobody can be written to."""
    topic = f"order_confirmation:{event.order_id}"
    order = get_order(session, event.merchant_id, event.order_id)
    recipient = (
        _reachable(session, order, "order_confirmation", topic) if order.state != "cancelled" else None
    )
    if recipient is None:
        return
    message_id, merchant = new_id(), get_merchant(session, event.merchant_id)
    calendar = merchant_calendar(session, event.merchant_id)
    letter = letters.order_confirmation(
        order,
        recipient,
        merchant,
        links=_links(session, config, order, message_id),
        expected=estimate_arrival(max(order.promised_on, clock.today(calendar.timezone)), order.service),
        timezone=calendar.timezone,
        operator=config.operator_name,
    )
    queue_message(
        session,
        _to_recipient(order, recipient, merchant, letter, "order_confirmation", topic, message_id),
    )


def confirm_shipping(session: Session, event: ParcelShipped, config: Config) -> None:
    """Write the shipping confirmation of one parcel, unless it is not shipped any more or nobody can be written to."""
    topic = f"shipping_confirmation:{event.parcel_id}"
    order = get_order(session, event.merchant_id, event.order_id)
    parcels = [
        parcel
        for parcel in parcels_of_order(session, event.merchant_id, event.order_id)
        if parcel.state != "cancelled"
    ]
    parcel = next((parcel for parcel in parcels if parcel.id == event.parcel_id), None)
    if parcel is None or parcel.shipped_at is None:
        return
    recipient = _reachable(session, order, "shipping_confirmation", topic)
    if recipient is None:
        return
    message_id, merchant = new_id(), get_merchant(session, event.merchant_id)
    timezone = merchant_calendar(session, event.merchant_id).timezone
    first, last = estimate_arrival(clock.today(timezone), parcel.service or order.service)
    letter = letters.shipping_confirmation(
        order,
        recipient,
        merchant,
        parcel,
        parcels=parcels,
        links=_links(session, config, order, message_id),
        expected=(parcel.expected_from or first, parcel.expected_until or last),
        today=clock.today(timezone),
        timezone=timezone,
        operator=config.operator_name,
    )
    queue_message(
        session,
        _to_recipient(
            order,
            recipient,
            merchant,
            letter,
            "shipping_confirmation",
            topic,
            message_id,
            parcel_id=event.parcel_id,
        ),
    )


def invite(session: Session, event: InvitationIssued, config: Config) -> None:
    """Write an invitation. Its secret is made now, so that no queue and no event ever held it."""
    person = find_person(session, event.user_id)
    if person is None:
        return
    at = clock.now()
    merchant = get_merchant(session, event.merchant_id) if event.merchant_id else None
    secret = issue_link(
        session, kind="invitation", user_id=event.user_id, merchant_id=event.merchant_id, at=at
    )
    letter = letters.invitation(
        operator=config.operator_name,
        place=merchant.name if merchant else "",
        name=person.display_name,
        link=f"{config.base_url}/invitation/{secret}",
        until=at + INVITATION_LIVES,
        timezone=merchant_calendar(session, merchant.id).timezone if merchant else "",
    )
    queue_message(session, _from_operator(config, event.merchant_id, "invitation", person, letter))


def send_reset_link(session: Session, event: PasswordResetAsked, config: Config) -> None:
    """Write the mail with the link to a new password."""
    person = find_person(session, event.user_id)
    if person is None:
        return
    at = clock.now()
    secret = issue_link(session, kind="reset", user_id=event.user_id, merchant_id=None, at=at)
    letter = letters.password_reset(
        operator=config.operator_name,
        name=person.display_name,
        link=f"{config.base_url}/reset/{secret}",
        until=at + RESET_LIVES,
        timezone="",
    )
    queue_message(session, _from_operator(config, None, "password_reset", person, letter))


def send_message(database: Database, event: MessageQueued, config: Config) -> None:
    """Hand a queued message to the mail server, at most once; without a server it is kept for reading.

    `sending` is committed before the server hears of it. Raises `NotNowError` where it surely did not go out, so that the
    news rests and comes again.
    """
    scope = AsSystem(event.merchant_id, reason="send a message") if event.merchant_id else AsOffice()
    if not config.smtp_url:
        with database.transaction(scope) as session:
            keep_message(session, message_id=event.message_id, at=clock.now())
        return
    server = MailServer.from_url(config.smtp_url)
    with database.transaction(scope) as session:
        outgoing = start_message(session, message_id=event.message_id, at=clock.now())
    if outgoing is None:
        return
    move, error, again = "confirm", "", None
    try:
        server.hand_over(compose(_mail(outgoing, config, clock.now())), sender=config.mail_from)
    except NotNowError as refusal:
        move, error = ("requeue", str(refusal))
        if outgoing.attempts >= MOST_TRIES:
            move, error = "fail", f"{refusal} It was tried {MOST_TRIES} times."
        else:
            again = refusal
    except RefusedError as refusal:
        move, error = "fail", str(refusal)
    except NobodyKnowsError as doubt:
        move, error = "lose", str(doubt)
    with database.transaction(scope) as session:
        conclude_message(session, message_id=outgoing.id, move=move, error=error, at=clock.now())
    if again is not None:
        raise again


def find_lost_messages(database: Database, config: Config) -> int:
    """Mark messages whose worker died while sending as `unknown`; runs by the clock. Return how many."""
    with database.transaction(AsOffice()) as session:
        return mark_lost_messages(session, at=clock.now())


def _reachable(session: Session, order: OrderPage, kind: str, topic: str) -> RecipientRow | None:
    """Return the recipient if there is something to write to them; when there is no address, the timeline says so."""
    if is_written(session, topic):
        return None
    if order.recipient is None or not order.recipient.email.strip():
        add_event(
            session,
            merchant_id=order.merchant_id,
            order_id=order.id,
            site_id=order.site_id,
            kind="message_not_written",
            sentence=f"{KIND_WORDS[kind]} not written: the order has no e-mail address.",
            by=None,
            at=clock.now(),
        )
        return None
    return order.recipient


def _links(session: Session, config: Config, order: OrderPage, message_id: UUID) -> letters.Links:
    return letters.Links(
        tracking=open_tracking(session, config, merchant_id=order.merchant_id, order_id=order.id),
        details=open_details(
            session, config, merchant_id=order.merchant_id, order_id=order.id, message_id=message_id
        ),
    )


def _to_recipient(
    order: OrderPage,
    recipient: RecipientRow,
    merchant: MerchantRow,
    letter: letters.Letter,
    kind: str,
    topic: str,
    message_id: UUID,
    *,
    parcel_id: UUID | None = None,
) -> NewMessage:
    return NewMessage(
        id=message_id,
        merchant_id=order.merchant_id,
        order_id=order.id,
        parcel_id=parcel_id,
        kind=kind,
        topic=topic,
        from_name=merchant.name,
        reply_to=merchant.support_email,
        to_name=recipient.name,
        to_address=recipient.email.strip(),
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
    )


def _from_operator(
    config: Config, merchant_id: UUID | None, kind: str, person: PersonRow, letter: letters.Letter
) -> NewMessage:
    message_id = new_id()
    return NewMessage(
        id=message_id,
        merchant_id=merchant_id,
        kind=kind,
        topic=f"{kind}:{message_id}",
        from_name=config.operator_name,
        reply_to=config.mail_from,
        to_name=person.display_name,
        to_address=person.email,
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
    )


def _mail(outgoing: Outgoing, config: Config, at: datetime) -> Mail:
    return Mail(
        id=outgoing.id.hex,
        thread=f"order.{outgoing.order_id.hex}" if outgoing.order_id else "",
        stream=f"{outgoing.kind}:{outgoing.merchant_id.hex if outgoing.merchant_id else 'operator'}",
        from_name=outgoing.from_name,
        from_address=config.mail_from,
        reply_to=outgoing.reply_to,
        to_name=outgoing.to_name,
        to_address=outgoing.to_address,
        subject=outgoing.subject,
        html=outgoing.html,
        text=outgoing.text,
        at=at,
    )
