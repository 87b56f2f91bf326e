"""Tables of imports: a file that was read, what each of its orders would become, and what did."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id

VERDICTS = ("ship", "not_to_ship", "attention", "same", "changed")


class Import(Base):
    """A file of orders that a merchant uploaded. Orders exist only once it is confirmed."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("state IN ('preview', 'confirmed', 'discarded')", name="state_is_known"),
        CheckConstraint(
            "(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_imports_have_an_instant"
        ),
        Index("ix_imports_merchant_id_created_at", "merchant_id", "created_at"),
    )

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file_bytes: Mapped[int]
    format: Mapped[str]
    encoding: Mapped[str]
    delimiter: Mapped[str]
    row_count: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="preview")
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]


class StagedOrder(Base):
    """One order of a file, as read and as mended; `payload` is the reading of `intake.rules`, which owns its shape."""

    __tablename__ = "staged_orders"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "import_id"], ["imports.merchant_id", "imports.id"]),
        UniqueConstraint("merchant_id", "import_id", "position"),
        CheckConstraint(f"verdict IN ({', '.join(repr(v) for v in VERDICTS)})", name="verdict_is_known"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    import_id: Mapped[UUID]
    position: Mapped[int]
    number: Mapped[str]
    external_id: Mapped[str]
    fingerprint: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    units: Mapped[int]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    order_id: Mapped[UUID | None]
