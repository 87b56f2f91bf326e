"""The proof that parcels agree with the ledger: what left is empty, what is packed is not, and its papers are there.

Runs as `portal_maintenance`, which sees every merchant and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.stock.check import MOST_LINES, Comparison
from portal.kernel.db import run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_GOODS = """
SELECT format('parcel %s is %s and holds %s', p.number, p.state, coalesce(sum(b.quantity), 0))
FROM parcels p LEFT JOIN balances b ON b.merchant_id = p.merchant_id AND b.site_id = p.site_id AND b.place_id = p.place_id
GROUP BY p.merchant_id, p.id, p.number, p.state
HAVING CASE p.state WHEN 'packed' THEN coalesce(sum(b.quantity), 0) = 0
                    WHEN 'packing' THEN false ELSE coalesce(sum(b.quantity), 0) <> 0 END
ORDER BY 1 LIMIT :most
"""

_PAPERS = """
SELECT format('parcel %s is %s and has %s of 4 papers', p.number, p.state, count(d.id))
FROM parcels p LEFT JOIN documents d ON d.merchant_id = p.merchant_id AND d.parcel_id = p.id
  AND d.kind IN ('label_pdf', 'label_zpl', 'slip_a4', 'slip_4x6')
WHERE p.state IN ('packed', 'shipped')
GROUP BY p.merchant_id, p.id, p.number, p.state HAVING count(d.id) <> 4 ORDER BY 1 LIMIT :most
"""

_COUNTS = "SELECT count(*), count(*) FILTER (WHERE state IN ('packed', 'shipped')) FROM parcels"


def check_parcels(session: Session) -> list[Comparison]:
    """Compare every parcel's state with what the ledger says is in it, and packed ones with their papers."""
    [counts] = run(session, _COUNTS)
    return [
        Comparison("parcels' states with what is in them", counts[0], _lines(session, _GOODS)),
        Comparison("packed parcels with their papers", counts[1], _lines(session, _PAPERS)),
    ]


def _lines(session: Session, sql: str) -> tuple[str, ...]:
    return tuple(row[0] for row in run(session, sql, {"most": MOST_LINES}))
