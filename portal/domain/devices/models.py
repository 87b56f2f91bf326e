"""Tables of tablets and their scans."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Device(Base):
    """A tablet at one site. Workers sign in on it by badge or by tile and PIN."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("site_id", "id"),
        CheckConstraint("failed_sign_ins >= 0", name="failures_counted"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    name: Mapped[str]
    enrolled_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    enrolled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    failed_sign_ins: Mapped[int] = mapped_column(server_default="0")
    last_failed_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]


class Scan(Base):
    """One scan as the tablet sent it, and the answer that it got: `applied`, `conflict` or `rejected`."""

    __tablename__ = "scans"
    __table_args__ = (
        ForeignKeyConstraint(["site_id", "device_id"], ["devices.site_id", "devices.id"]),
        CheckConstraint("verdict IN ('applied', 'conflict', 'rejected')", name="verdict_is_known"),
    )

    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    step: Mapped[str]
    code: Mapped[str]
    verdict: Mapped[str]
    answer: Mapped[dict[str, str]] = mapped_column(JSONB)
    scanned_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
