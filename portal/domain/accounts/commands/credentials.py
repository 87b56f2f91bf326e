"""Putting and revoking credentials, through the functions that the database offers to the caller's role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from portal.kernel.db import run
from portal.kernel.errors import DuplicateError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A way to prove who is asking; `lookup` is unique within its kind."""

    kind: str
    lookup: str
    secret_hash: str | None = None
    user_id: UUID | None = None
    merchant_id: UUID | None = None
    site_id: UUID | None = None
    subject_id: UUID | None = None
    device_id: UUID | None = None
    expires_at: datetime | None = None


def put_credential(session: Session, new: NewCredential) -> UUID:
    """Keep a credential; a password or PIN of the same person is replaced. `DuplicateError` when another has the look-up value."""
    try:
        with session.begin_nested():
            [row] = run(
                session,
                "SELECT credential_put(:kind, :lookup, :secret_hash, :user_id, :merchant_id, :site_id, :subject_id, :device_id, :expires_at)",
                {name: getattr(new, name) for name in NewCredential.__slots__},
            )
    except IntegrityError as error:
        raise DuplicateError("This one is in use already. Choose another.") from error
    return row[0]


def revoke_credentials(
    session: Session,
    kind: str,
    *,
    lookup: str | None = None,
    user_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> int:
    """End the credentials of a kind that fit everything given; return how many were live."""
    [row] = run(
        session,
        "SELECT credential_revoke(:kind, :lookup, :user_id, :subject_id)",
        {"kind": kind, "lookup": lookup, "user_id": user_id, "subject_id": subject_id},
    )
    return row[0]
