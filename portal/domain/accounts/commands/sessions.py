"""Signing in and out. Sessions are rows: closing one ends it everywhere at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.domain.accounts.commands.credentials import NewCredential, put_credential, revoke_credentials
from portal.domain.accounts.passwords import is_right
from portal.domain.accounts.queries import find_credential, find_principals
from portal.kernel.db import run
from portal.kernel.errors import NotSignedInError
from portal.kernel.ids import digest, new_secret

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

LONGEST = timedelta(days=14)
"""A session ends after this, however much it is used."""

WRONG = "This e-mail address and password do not belong together. Check both, or ask for a new password."


def sign_in(session: Session, *, email: str, password: str, at: datetime) -> tuple[str, UUID]:
    """Check a password and open a session; return the session's secret (kept nowhere) and the user's id.

    Raises `NotSignedInError` with one sentence for every cause, after the same work.
    """
    found = find_credential(session, "password", email.strip().lower())
    right = is_right(found.secret_hash if found else None, password)
    if not right or found is None or found.user_id is None or not find_principals(session, found.user_id):
        raise NotSignedInError(WRONG, code="wrong_password")
    merchant_id = only_merchant(session, found.user_id)
    return open_session(session, user_id=found.user_id, merchant_id=merchant_id, at=at), found.user_id


def only_merchant(session: Session, user_id: UUID) -> UUID | None:
    """Return the merchant that somebody's session is for from its first moment: the only one they belong to, else None.

    A session that waited for a choice would follow an invitation to another merchant.
    """
    people = find_principals(session, user_id)
    return people[0].merchant_id if len(people) == 1 else None


def open_session(
    session: Session,
    *,
    user_id: UUID,
    at: datetime,
    merchant_id: UUID | None = None,
    site_id: UUID | None = None,
    device_id: UUID | None = None,
) -> str:
    """Open a session for a user who has proved it is them; return its secret."""
    secret = new_secret()
    put_credential(
        session,
        NewCredential(
            kind="session", lookup=digest(secret), user_id=user_id, merchant_id=merchant_id, site_id=site_id, device_id=device_id,
            expires_at=at + LONGEST,
        ),
    )  # fmt: skip
    return secret


def close_session(session: Session, *, secret: str) -> None:
    """End one session."""
    revoke_credentials(session, "session", lookup=digest(secret))


def close_all_sessions(session: Session, *, user_id: UUID) -> int:
    """End every session of a user; return how many were open."""
    return revoke_credentials(session, "session", user_id=user_id)


def touch_credential(session: Session, credential_id: UUID) -> None:
    """Note that a credential was used; at most once a minute."""
    run(session, "SELECT credential_used(:id)", {"id": credential_id})
