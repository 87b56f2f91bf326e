"""Tables of the catalogue."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Sku(Base):
    """A thing that a merchant sells, under the merchant's own code."""

    __tablename__ = "skus"
    __table_args__ = (
        UniqueConstraint("merchant_id", "code"),
        CheckConstraint("state IN ('draft', 'active')", name="state_is_known"),
        CheckConstraint("code <> '' AND code = btrim(code)", name="code_is_trimmed"),
        CheckConstraint("weight_g IS NULL OR weight_g > 0", name="weight_is_positive"),
    )

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="active")
    weight_g: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Barcode(Base):
    """A code that a scanner reads for a SKU; `quantity` eaches per scan (1 for a unit, 12 for a case of twelve)."""

    __tablename__ = "barcodes"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "sku_id"], ["skus.merchant_id", "skus.id"]),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        Index("ix_barcodes_code", "code"),
    )

    merchant_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(server_default="1")
