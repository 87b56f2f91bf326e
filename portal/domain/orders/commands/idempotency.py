"""The same request twice is one deed: a machine's key, kept in the transaction of the work it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from portal.domain.orders.models import IdempotencyKey
from portal.kernel.errors import UnprocessableError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with this key was answered."""

    status: int
    body: bytes


def claim_key(
    session: Session, *, merchant_id: UUID, principal: str, key: str, request_sha256: str
) -> KeptAnswer | None:
    """Take a key for this transaction; return None when it is new, or the kept answer when the work was done before.

    A second request that comes while the first is at work waits for it. Raises `UnprocessableError` when the key was
    used for another request.
    """
    k = IdempotencyKey
    values = {"merchant_id": merchant_id, "principal": principal, "key": key}
    claimed = session.execute(
        insert(k).values(**values, request_sha256=request_sha256).on_conflict_do_nothing().returning(k.key)
    ).scalar()
    if claimed is not None:
        return None
    row = session.execute(
        select(k.request_sha256, k.status, k.body).where(
            k.merchant_id == merchant_id, k.principal == principal, k.key == key
        )
    ).one()
    if row.request_sha256 != request_sha256:
        raise UnprocessableError(
            "This Idempotency-Key was used for another request. Send a new key with a new request, or the same body again.",
            code="idempotency_key_reused",
        )
    return KeptAnswer(row.status, row.body)


def keep_answer(session: Session, *, merchant_id: UUID, principal: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer of the work done under a claimed key."""
    k = IdempotencyKey
    session.execute(
        update(k)
        .where(k.merchant_id == merchant_id, k.principal == principal, k.key == key)
        .values(status=answer.status, body=answer.body)
    )
