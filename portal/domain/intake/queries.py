"""Reads of imports: the preview page, the history, and what a SKU code of a file may have meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.domain.catalog.queries import find_skus, sku_ids
from portal.domain.intake.models import VERDICTS, Import, StagedOrder
from portal.domain.intake.rules import StagedOrder as ReadOrder
from portal.domain.intake.rules import from_json
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.catalog.queries import SkuRow


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import without its orders."""

    id: UUID
    file_name: str
    file_sha256: str
    format: str
    encoding: str
    delimiter: str
    row_count: int
    state: str
    problems: list[dict[str, Any]]
    created_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """A row of the history of imports."""

    id: UUID
    file_name: str
    state: str
    created_at: datetime
    confirmed_at: datetime | None
    by_name: str | None
    orders: int
    accepted: int
    attention: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One order of a file, as read and as mended."""

    id: UUID
    position: int
    verdict: str
    reason: str
    order_id: UUID | None
    units: int
    order: ReadOrder


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that the preview page shows."""

    file: ImportRow
    staged: tuple[StagedRow, ...]
    counts: dict[str, int]
    """Orders by verdict; `accepted` counts those that are orders by now through this import."""
    units_to_ship: int
    unknown_skus: tuple[tuple[str, str, int], ...]
    """SKU codes that the catalogue does not know, as (code, name in the file, lines)."""
    matches: dict[str, SkuRow]
    """For unknown codes that differ from a known one only in case and spaces, or are a barcode: the SKU meant."""
    same_file_before: ImportSummary | None


def get_import(session: Session, merchant_id: UUID, import_id: UUID, *, lock: bool = False) -> ImportRow:
    """Return an import (locked for the rest of the transaction if asked); `NotFoundError` when the scope sees none."""
    i = Import
    statement = select(
        i.id,
        i.file_name,
        i.file_sha256,
        i.format,
        i.encoding,
        i.delimiter,
        i.row_count,
        i.state,
        i.problems,
        i.created_at,
        i.confirmed_at,
    ).where(i.merchant_id == merchant_id, i.id == import_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFoundError("There is no such import.")
    return ImportRow(*row)


def get_preview(session: Session, merchant_id: UUID, import_id: UUID) -> Preview:
    """Return what a file's orders would become, and what of it needs a person."""
    page = get_import(session, merchant_id, import_id)
    s = StagedOrder
    rows = session.execute(
        select(s.id, s.position, s.verdict, s.reason, s.order_id, s.units, s.payload)
        .where(s.merchant_id == merchant_id, s.import_id == import_id)
        .order_by(s.position)
    )
    staged = tuple(StagedRow(*row[:6], from_json(row[6])) for row in rows)
    counts: dict[str, int] = dict.fromkeys((*VERDICTS, "accepted"), 0)
    for row in staged:
        counts["accepted" if row.verdict == "ship" and row.order_id else row.verdict] += 1
    waiting = [row for row in staged if row.verdict == "ship" and row.order_id is None]
    unknown = _unknown_skus(session, merchant_id, [row.order for row in waiting])
    earlier = [
        summary
        for summary in list_imports(session, merchant_id, sha256=page.file_sha256)
        if summary.id != import_id and summary.state == "confirmed"
    ]
    return Preview(
        file=page, staged=staged, counts=counts, units_to_ship=sum(row.units for row in waiting), unknown_skus=unknown,
        matches=match_skus(session, merchant_id, [code for code, _, _ in unknown]), same_file_before=earlier[0] if earlier else None,
    )  # fmt: skip


def get_staged_order(session: Session, merchant_id: UUID, staged_id: UUID) -> tuple[UUID, StagedRow]:
    """Return one order of a file with its import's id; `NotFoundError` when the scope sees none."""
    s = StagedOrder
    row = session.execute(
        select(s.import_id, s.id, s.position, s.verdict, s.reason, s.order_id, s.units, s.payload).where(
            s.merchant_id == merchant_id, s.id == staged_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such order in this import.")
    return row[0], StagedRow(*row[1:7], from_json(row[7]))


def _unknown_skus(
    session: Session, merchant_id: UUID, orders: Sequence[ReadOrder]
) -> tuple[tuple[str, str, int], ...]:
    lines: dict[str, tuple[str, int]] = {}
    for order in orders:
        for line in order.lines_to_ship:
            if line.sku_code:
                name, count = lines.get(line.sku_code, (line.name, 0))
                lines[line.sku_code] = (name, count + 1)
    known = sku_ids(session, merchant_id, list(lines))
    return tuple((code, name, count) for code, (name, count) in sorted(lines.items()) if code not in known)


def match_skus(session: Session, merchant_id: UUID, codes: Sequence[str]) -> dict[str, SkuRow]:
    """Return the SKU that each unknown code may mean: the same but for case and spaces, or a barcode of it."""
    if not codes:
        return {}
    rows = run(
        session,
        """
        SELECT c.code AS asked, s.code FROM unnest(CAST(:codes AS text[])) AS c (code)
        JOIN skus s ON s.merchant_id = :merchant AND upper(regexp_replace(s.code, '\\s', '', 'g')) = upper(regexp_replace(c.code, '\\s', '', 'g'))
        UNION ALL
        SELECT c.code, s.code FROM unnest(CAST(:codes AS text[])) AS c (code)
        JOIN barcodes b ON b.merchant_id = :merchant AND b.code = c.code
        JOIN skus s ON s.merchant_id = b.merchant_id AND s.id = b.sku_id
        """,
        {"merchant": merchant_id, "codes": list(codes)},
    )
    candidates: dict[str, set[str]] = {}
    for asked, code in rows:
        candidates.setdefault(asked, set()).add(code)
    found = find_skus(session, merchant_id, [code for codes_ in candidates.values() for code in codes_])
    # A code that could mean two SKUs is nobody's to guess.
    return {asked: found[next(iter(codes_))] for asked, codes_ in candidates.items() if len(codes_) == 1}


def list_imports(
    session: Session, merchant_id: UUID, *, sha256: str = "", limit: int = 50, offset: int = 0
) -> list[ImportSummary]:
    """Return a merchant's imports, newest first; `sha256` keeps those of the very same file."""
    rows = run(
        session,
        """
        SELECT i.id, i.file_name, i.state, i.created_at, i.confirmed_at, u.display_name,
               count(s.id)::int, count(s.id) FILTER (WHERE s.verdict = 'ship' AND s.order_id IS NOT NULL)::int,
               count(s.id) FILTER (WHERE s.verdict = 'attention')::int,
               count(s.id) FILTER (WHERE s.verdict = 'ship' AND s.order_id IS NULL)::int
        FROM (SELECT * FROM imports WHERE merchant_id = :merchant AND (:sha256 = '' OR file_sha256 = :sha256)
              ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset) i
        LEFT JOIN staged_orders s ON s.merchant_id = i.merchant_id AND s.import_id = i.id
        LEFT JOIN users u ON u.id = i.created_by
        GROUP BY i.id, i.file_name, i.state, i.created_at, i.confirmed_at, u.display_name
        ORDER BY i.created_at DESC, i.id DESC
        """,
        {"merchant": merchant_id, "sha256": sha256, "limit": limit, "offset": offset},
    )
    return [ImportSummary(*row) for row in rows]
