"""The proof that the ledger adds up, at any time: every figure that is kept is computed again from the movements.

Runs as `portal_maintenance`, which sees every merchant and writes nothing. What orders promise is checked by their own room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.kernel.db import run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, how many figures, and a line for each that differs (the first hundred)."""

    what: str
    compared: int
    differing: tuple[str, ...]


MOST_LINES = 100

_BALANCES = """
WITH legs AS (
  SELECT merchant_id, sku_id, lot_id, to_place_id AS place_id, to_condition AS condition, quantity AS moved, 0 AS kept FROM movements
  UNION ALL
  SELECT merchant_id, sku_id, lot_id, from_place_id, from_condition, -quantity, 0 FROM movements
  UNION ALL
  SELECT merchant_id, sku_id, lot_id, place_id, condition, 0, quantity FROM balances
),
figures AS (
  SELECT merchant_id, sku_id, lot_id, place_id, condition, sum(moved) AS moved, sum(kept) AS kept FROM legs
  GROUP BY merchant_id, sku_id, lot_id, place_id, condition
)
SELECT format('SKU %s, lot %s, place %s, %s: movements say %s, the balance says %s',
              coalesce(s.code, f.sku_id::text), coalesce(t.code, 'none'), coalesce(p.code, f.place_id::text), f.condition, f.moved, f.kept)
FROM figures f LEFT JOIN skus s ON s.merchant_id = f.merchant_id AND s.id = f.sku_id LEFT JOIN places p ON p.id = f.place_id
LEFT JOIN lots t ON t.merchant_id = f.merchant_id AND t.id = f.lot_id
WHERE f.moved <> f.kept ORDER BY 1 LIMIT :most
"""

_LINES = """
WITH legs AS (
  SELECT m.merchant_id, m.order_line_id, m.lot_id, m.to_place_id AS place_id, m.to_condition AS condition, m.quantity AS moved, 0 AS kept
  FROM movements m JOIN places p ON p.id = m.to_place_id
  WHERE m.order_line_id IS NOT NULL AND ledger_stage(p.kind, m.to_condition) IS NOT NULL
  UNION ALL
  SELECT m.merchant_id, m.order_line_id, m.lot_id, m.from_place_id, m.from_condition, -m.quantity, 0
  FROM movements m JOIN places p ON p.id = m.from_place_id
  WHERE m.order_line_id IS NOT NULL AND ledger_stage(p.kind, m.from_condition) IS NOT NULL
  UNION ALL
  SELECT merchant_id, order_line_id, lot_id, place_id, condition, 0, quantity FROM line_balances
)
SELECT format('order line %s, place %s, %s: movements say %s, the line''s stock says %s',
              order_line_id, place_id, condition, sum(moved), sum(kept))
FROM legs GROUP BY merchant_id, order_line_id, lot_id, place_id, condition HAVING sum(moved) <> sum(kept) ORDER BY 1 LIMIT :most
"""

_ALLOCATED = """
WITH figures AS (
  SELECT merchant_id, sku_id, lot_id, place_id, sum(stock) AS stock, sum(promised) AS promised FROM (
    SELECT merchant_id, sku_id, lot_id, place_id, quantity AS stock, 0 AS promised FROM balances WHERE condition = 'allocated'
    UNION ALL
    SELECT merchant_id, sku_id, lot_id, place_id, 0, quantity FROM line_balances WHERE condition = 'allocated'
  ) both_sides GROUP BY merchant_id, sku_id, lot_id, place_id
)
SELECT format('SKU %s, place %s: %s allocated, orders were promised %s',
              coalesce(s.code, f.sku_id::text), coalesce(p.code, f.place_id::text), f.stock, f.promised)
FROM figures f LEFT JOIN skus s ON s.merchant_id = f.merchant_id AND s.id = f.sku_id LEFT JOIN places p ON p.id = f.place_id
WHERE f.stock <> f.promised ORDER BY 1 LIMIT :most
"""

_NEGATIVE = """
SELECT format('SKU %s, place %s, %s: %s', coalesce(s.code, b.sku_id::text), p.code, b.condition, b.quantity)
FROM balances b JOIN places p ON p.id = b.place_id LEFT JOIN skus s ON s.merchant_id = b.merchant_id AND s.id = b.sku_id
WHERE p.physical AND b.quantity < 0 ORDER BY 1 LIMIT :most
"""

_COUNTS = """
SELECT (SELECT count(*) FROM balances), (SELECT count(*) FROM line_balances),
       (SELECT count(*) FROM balances WHERE condition = 'allocated'), (SELECT count(*) FROM balances WHERE physical)
"""


def check_stock(session: Session) -> list[Comparison]:
    """Compare balances, order lines' stock and allocations with the movements; nothing physical may be below zero."""
    [counts] = run(session, _COUNTS)
    return [
        _compare(session, "balances with the sum of movements", counts[0], _BALANCES),
        _compare(session, "order lines' stock with the sum of movements", counts[1], _LINES),
        _compare(session, "allocated stock with what orders were promised", counts[2], _ALLOCATED),
        _compare(session, "physical places with zero", counts[3], _NEGATIVE),
    ]


def _compare(session: Session, what: str, compared: int, sql: str) -> Comparison:
    return Comparison(what, compared, tuple(row[0] for row in run(session, sql, {"most": MOST_LINES})))
