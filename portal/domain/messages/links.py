"""The links that recipients get. Their secrets are derived, not stored: the database knows only their hashes.

An order has one tracking link for all its mails, which may be shared. A mail's details link (address and prices) is its
own and can be revoked. Changing the installation's secret key leaves mailed links working and makes new ones different.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.exc import IntegrityError

from portal.kernel.db import run
from portal.kernel.ids import digest

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BYTES = 20
_LENGTH = 27
"""160 bits in base 62."""


class LinkSettings(Protocol):
    """What links need of a configuration."""

    @property
    def secret_key(self) -> str:
        """The installation's secret."""
        ...

    @property
    def base_url(self) -> str:
        """Where people reach the portal, without a trailing slash."""
        ...


def tracking_url(settings: LinkSettings, order_id: UUID) -> str:
    """Return the address of an order's public tracking page."""
    return f"{settings.base_url}/t/{_derive(settings, 'tracking', order_id)}"


def details_url(settings: LinkSettings, message_id: UUID) -> str:
    """Return the address of the page made for printing, as one message carries it."""
    return f"{settings.base_url}/t/details/{_derive(settings, 'details', message_id)}"


def open_tracking(session: Session, settings: LinkSettings, *, merchant_id: UUID, order_id: UUID) -> str:
    """Make an order's tracking page reachable, if it is not, and return its address. A revoked link stays revoked."""
    _put(
        session,
        "tracking",
        _derive(settings, "tracking", order_id),
        merchant_id=merchant_id,
        order_id=order_id,
    )
    return tracking_url(settings, order_id)


def open_details(
    session: Session, settings: LinkSettings, *, merchant_id: UUID, order_id: UUID, message_id: UUID
) -> str:
    """Make an order's details reachable by the link of one message, and return its address."""
    _put(
        session,
        "details",
        _derive(settings, "details", message_id),
        merchant_id=merchant_id,
        order_id=order_id,
    )
    return details_url(settings, message_id)


def revoke_details(session: Session, *, order_id: UUID) -> int:
    """End every link to an order's address and prices that was ever mailed; return how many there were."""
    [row] = run(session, "SELECT credential_revoke('details', NULL, NULL, :order)", {"order": order_id})
    return row[0]


def _derive(settings: LinkSettings, purpose: str, subject: UUID) -> str:
    """Return 160 bits of HMAC-SHA-256 in base 62: nobody without the key can tell the link from the id."""
    message = b"parcelyard link v1\0" + purpose.encode() + b"\0" + subject.bytes
    number = int.from_bytes(hmac.digest(settings.secret_key.encode(), message, "sha256")[:_BYTES])
    characters: list[str] = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[rest])
    return "".join(reversed(characters))


def _put(session: Session, kind: str, token: str, *, merchant_id: UUID, order_id: UUID) -> None:
    try:
        with session.begin_nested():
            run(
                session,
                "SELECT credential_put(:kind, :lookup, NULL, NULL, :merchant, NULL, :order, NULL, NULL)",
                {"kind": kind, "lookup": digest(token), "merchant": merchant_id, "order": order_id},
            )
    except IntegrityError as error:
        # The same secret can only have been put for the same thing: it is there already.
        if getattr(error.orig, "sqlstate", "") != "23505":
            raise
