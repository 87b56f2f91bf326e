"""Writing down who changed whose access, in the transaction of the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from portal.domain.accounts.models import AuditEntry
from portal.kernel.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


def note_audit(
    session: Session,
    action: str,
    *,
    subject: str,
    merchant_id: UUID | None = None,
    by: UUID | None,
    at: datetime,
    **detail: str,
) -> None:
    """Write one line of the audit: an action word, what it was done to, who did it, and what is worth keeping of it."""
    session.execute(
        insert(AuditEntry).values(
            id=new_id(),
            at=at,
            by_user_id=by,
            merchant_id=merchant_id,
            action=action,
            subject=subject,
            detail=detail,
        )
    )
