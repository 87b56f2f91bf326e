"""Tokens of merchants' machines: made once, shown once, kept as a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from portal.domain.accounts.commands.audit import note_audit
from portal.domain.accounts.commands.credentials import NewCredential, put_credential, revoke_credentials
from portal.domain.accounts.models import ApiToken
from portal.kernel.errors import FieldProblem, NotFoundError, UnprocessableError
from portal.kernel.ids import digest, new_api_token, new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


def create_api_token(
    session: Session,
    *,
    merchant_id: UUID,
    name: str,
    scopes: Sequence[str],
    allowed: Sequence[str],
    by: UUID | None,
    at: datetime,
) -> tuple[UUID, str]:
    """Make a token with some of the `allowed` scopes; return its id and the token itself, which is kept nowhere."""
    if not name.strip():
        raise UnprocessableError(
            "Name the token.",
            problems=(FieldProblem("name", "missing", "Name the token after what uses it."),),
        )
    if not scopes or set(scopes) - set(allowed):
        sentence = f"Choose what the token may do, from: {', '.join(allowed)}."
        raise UnprocessableError(sentence, problems=(FieldProblem("scopes", "unknown", sentence),))
    token, token_id = new_api_token(), new_id()
    session.execute(
        insert(ApiToken).values(
            merchant_id=merchant_id, id=token_id, name=name.strip()[:100], prefix=token[:12], last_four=token[-13:-9],
            scopes=sorted(set(scopes)), created_by=by, created_at=at,
        )
    )  # fmt: skip
    put_credential(
        session,
        NewCredential(kind="api_token", lookup=digest(token), merchant_id=merchant_id, subject_id=token_id),
    )
    note_audit(session, "token made", subject=name.strip(), merchant_id=merchant_id, by=by, at=at)
    return token_id, token


def revoke_api_token(
    session: Session, *, merchant_id: UUID, token_id: UUID, by: UUID | None, at: datetime
) -> None:
    """End a token at once. `NotFoundError` when the merchant has no such live token."""
    name = session.execute(
        update(ApiToken)
        .where(ApiToken.merchant_id == merchant_id, ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(ApiToken.name)
    ).scalar()
    if name is None:
        raise NotFoundError("There is no such live token.")
    revoke_credentials(session, "api_token", subject_id=token_id)
    note_audit(session, "token revoked", subject=name, merchant_id=merchant_id, by=by, at=at)
