"""Invitations, resets and changes of passwords. Links carry a secret of which only the hash is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.domain.accounts.commands.credentials import NewCredential, put_credential, revoke_credentials
from portal.domain.accounts.commands.sessions import close_all_sessions
from portal.domain.accounts.events import PasswordResetAsked
from portal.domain.accounts.passwords import check_password, hash_secret, is_right
from portal.domain.accounts.queries import find_credential, find_principals
from portal.kernel.errors import NotFoundError, NotSignedInError
from portal.kernel.ids import digest, new_secret
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

INVITATION_LIVES = timedelta(days=7)
RESET_LIVES = timedelta(hours=2)
_GONE = "This link was used already or is too old. Ask for a new one."


def issue_link(session: Session, *, kind: str, user_id: UUID, merchant_id: UUID | None, at: datetime) -> str:
    """Make the secret of an invitation (`invitation`) or reset link (`reset`) and return it; older ones of the same person end."""
    revoke_credentials(session, kind, user_id=user_id)
    secret = new_secret()
    lives = INVITATION_LIVES if kind == "invitation" else RESET_LIVES
    put_credential(
        session,
        NewCredential(
            kind=kind, lookup=digest(secret), user_id=user_id, merchant_id=merchant_id, expires_at=at + lives
        ),
    )
    return secret


def ask_reset(session: Session, *, email: str) -> None:
    """Let a reset mail go to this address if somebody has it. The caller says the same in both cases. Runs at the gate."""
    found = find_credential(session, "password", email.strip().lower())
    if found is not None and found.user_id is not None:
        record(session, PasswordResetAsked(user_id=found.user_id))


def set_password_by_link(session: Session, *, kind: str, secret: str, password: str) -> UUID:
    """Set the password of whoever holds an invitation or reset link; end the link and all sessions; return the user's id."""
    found = find_credential(session, kind, digest(secret))
    # Ended before it is used, and counted: of two who use a link at the same moment one is too late.
    if found is None or found.user_id is None or not revoke_credentials(session, kind, lookup=digest(secret)):
        raise NotFoundError(_GONE)
    check_password(password)
    _set_password(session, found.user_id, password)
    close_all_sessions(session, user_id=found.user_id)
    return found.user_id


def change_password(session: Session, *, user_id: UUID, email: str, old: str, new: str) -> None:
    """Change a password, given the old one; every session of the user ends, so the caller opens a new one."""
    found = find_credential(session, "password", email)
    if not is_right(found.secret_hash if found else None, old):
        raise NotSignedInError(
            "The present password is not right. Nothing was changed.", code="wrong_password"
        )
    check_password(new)
    _set_password(session, user_id, new)
    close_all_sessions(session, user_id=user_id)


def _set_password(session: Session, user_id: UUID, password: str) -> None:
    people = find_principals(session, user_id)
    if not people:
        raise NotFoundError(_GONE)
    put_credential(
        session,
        NewCredential(
            kind="password", lookup=people[0].email, secret_hash=hash_secret(password), user_id=user_id
        ),
    )
    # A link that still lay in some mailbox would undo what was just set.
    for kind in ("reset", "invitation"):
        revoke_credentials(session, kind, user_id=user_id)
