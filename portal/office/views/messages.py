"""The log of messages: every mail as it was written, what became of it, and sending it again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, flash, g, make_response, redirect, render_template, url_for

from portal.domain.accounts.queries import list_merchants, list_sites
from portal.domain.messages.commands import resend_message
from portal.domain.messages.queries import MessageFilter, count_messages, get_message, list_messages
from portal.domain.messages.rules import KIND_WORDS, SECRET_KINDS, strike_secrets
from portal.kernel import clock
from portal.office.door import office, read_personal
from portal.office.words import MESSAGE_STATES, asked, asked_id
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.paging import Page
from portal.web.principal import may

if TYPE_CHECKING:
    from flask import Response as FlaskResponse
    from werkzeug.wrappers import Response

    from portal.domain.messages.queries import MessagePage

MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; "
    "frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
)
"""A mail runs no script, sends no form and loads nothing but pictures; its links open in a tab of their own."""

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:)\]]")
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


@office.get("/messages")
@permit("office.read")
def messages() -> str:
    """List messages, newest first; every filter is in the address."""
    page, state, kind = Page.from_request(), asked("state"), asked("kind")
    wanted = MessageFilter(
        state=state if state in MESSAGE_STATES else "",
        kind=kind if kind in KIND_WORDS else "",
        merchant_id=asked_id("merchant"),
        search=asked("search"),
    )
    with transaction() as session:
        rows, total = list_messages(session, wanted, limit=page.size, offset=page.offset)
        sites = list_sites(session)
        return render_template(
            "office/messages.html",
            rows=rows,
            page=page.of(total),
            wanted=wanted,
            counts=count_messages(session),
            states=MESSAGE_STATES,
            kinds=KIND_WORDS,
            merchants=list_merchants(session),
            mail_server=_mail_server(),
            zone=sites[0].timezone if sites else "UTC",
        )


@office.get("/messages/<uuid:message_id>")
@permit("office.read")
def message(message_id: UUID) -> str:
    """Show one message as it was written."""
    with transaction() as session:
        shown = _readable(get_message(session, message_id))
        sites = list_sites(session)
        read_personal("message read", f"{shown.row.kind} {message_id}", shown.row.merchant_id)
        return render_template(
            "office/message.html",
            message=shown,
            links=list(dict.fromkeys(_LINK.findall(shown.text))),
            states=MESSAGE_STATES,
            kinds=KIND_WORDS,
            mail_server=_mail_server(),
            zone=sites[0].timezone if sites else "UTC",
        )


@office.get("/messages/<uuid:message_id>/mail")
@permit("office.read")
def mail(message_id: UUID) -> FlaskResponse:
    """Hand out a mail's HTML alone, locked in: to be shown in a frame."""
    with transaction() as session:
        html = _readable(get_message(session, message_id)).html
    response = make_response(_HEAD.sub(lambda head: head[0] + '<base target="_blank">', html, count=1))
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = MAIL_CSP
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@office.post("/messages/<uuid:message_id>/send-again")
@permit("office.write")
def send_again(message_id: UUID) -> Response:
    """Let a message that failed, was lost or only kept go out again, exactly as it was written."""
    with transaction() as session:
        resend_message(
            session, message_id=message_id, mail_server=_mail_server(), by=g.principal.user_id, at=clock.now()
        )
    flash("The message is on its way again.", "ok")
    return redirect(url_for("office.message", message_id=message_id), 303)


def _readable(message: MessagePage) -> MessagePage:
    """Return a message as this person may read it: a link that lets somebody in as another is for admins alone."""
    if message.row.kind not in SECRET_KINDS or may(g.principal, "office.admin"):
        return message
    return replace(message, html=strike_secrets(message.html), text=strike_secrets(message.text))


def _mail_server() -> bool:
    return bool(current_app.extensions["config"].smtp_url)
