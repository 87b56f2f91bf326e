"""Reads of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.domain.catalog.models import Barcode, Sku
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class SkuRow:
    """A SKU as screens need it."""

    merchant_id: UUID
    id: UUID
    code: str
    name: str
    state: str
    weight_g: int | None


@dataclass(frozen=True, slots=True)
class BarcodeRow:
    """A barcode and how many eaches one scan of it stands for."""

    merchant_id: UUID
    sku_id: UUID
    code: str
    quantity: int


def get_sku(session: Session, merchant_id: UUID, sku_id: UUID) -> SkuRow:
    """Return a merchant's SKU; `NotFoundError` when there is none with this id."""
    row = session.execute(_skus().where(Sku.merchant_id == merchant_id, Sku.id == sku_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such SKU.")
    return SkuRow(*row)


def sku_ids(session: Session, merchant_id: UUID, codes: Sequence[str]) -> dict[str, UUID]:
    """Return the ids of those codes that the merchant's catalogue knows."""
    if not codes:
        return {}
    rows = session.execute(
        select(Sku.code, Sku.id).where(Sku.merchant_id == merchant_id, Sku.code == _any(codes))
    )
    return dict(rows.all())


def barcodes_of(session: Session, merchant_id: UUID, sku_id: UUID) -> list[BarcodeRow]:
    """Return a SKU's barcodes, by code."""
    return [
        BarcodeRow(*row)
        for row in session.execute(
            _barcodes()
            .where(Barcode.merchant_id == merchant_id, Barcode.sku_id == sku_id)
            .order_by(Barcode.code)
        )
    ]


def find_barcodes(session: Session, code: str) -> list[BarcodeRow]:
    """Return everything that a scanned code stands for within the scope: one row per merchant that uses it."""
    return [
        BarcodeRow(*row)
        for row in session.execute(
            _barcodes().where(Barcode.code == code.strip()).order_by(Barcode.merchant_id)
        )
    ]


def find_scanned(session: Session, code: str) -> list[tuple[SkuRow, int]]:
    """Return what a scanned or typed code stands for within the scope: SKUs by barcode or own code, each with its eaches.

    One row per merchant that uses the code; where a merchant's barcode and SKU code are the same, the barcode says how many.
    """
    text = code.strip()
    known = {(row.merchant_id, row.sku_id): row.quantity for row in find_barcodes(session, text)}
    rows = session.execute(
        _skus()
        .where((Sku.code == text) | Sku.id.in_([sku_id for _, sku_id in known]))
        .order_by(Sku.merchant_id, Sku.code)
    )
    return [(sku, known.get((sku.merchant_id, sku.id), 1)) for sku in (SkuRow(*row) for row in rows)]


def find_skus(session: Session, merchant_id: UUID, codes_or_barcodes: Sequence[str]) -> dict[str, SkuRow]:
    """Return, for each given SKU code or barcode that the merchant knows, its SKU."""
    wanted = [text.strip() for text in codes_or_barcodes]
    by_code = {
        row.code: SkuRow(*row)
        for row in session.execute(_skus().where(Sku.merchant_id == merchant_id, Sku.code == _any(wanted)))
    }
    by_barcode = {
        row.barcode: SkuRow(*row[1:])
        for row in session.execute(
            select(
                Barcode.code.label("barcode"),
                Sku.merchant_id,
                Sku.id,
                Sku.code,
                Sku.name,
                Sku.state,
                Sku.weight_g,
            )
            .join(Sku, (Sku.merchant_id == Barcode.merchant_id) & (Sku.id == Barcode.sku_id))
            .where(Barcode.merchant_id == merchant_id, Barcode.code == _any(wanted))
        )
    }
    return by_barcode | by_code


def _skus():  # noqa: ANN202 (the select's full type is longer than its use)
    return select(Sku.merchant_id, Sku.id, Sku.code, Sku.name, Sku.state, Sku.weight_g)


def _barcodes():  # noqa: ANN202 (as above)
    return select(Barcode.merchant_id, Barcode.sku_id, Barcode.code, Barcode.quantity)


def _any(codes: Sequence[str]):  # noqa: ANN202 (as above)
    """Return one array parameter: a file may name more codes than a statement takes parameters."""
    return any_(literal(list(set(codes)), ARRAY(Text)))
