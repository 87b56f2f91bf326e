"""The operator's board: of every merchant with open work at a site, what is late, due, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.kernel.db import run

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One merchant's open orders at a site. `due` is what has to ship today and has not; the stages count due and late orders."""

    site_id: UUID
    merchant_id: UUID
    merchant_name: str
    late: int
    due: int
    to_pick: int
    to_pack: int
    to_scan: int
    without_stock: int
    shipped_today: int

    @property
    def left(self) -> int:
        """Return how many orders have to leave before the day ends."""
        return self.late + self.due


_BOARD = """
WITH days AS (SELECT id, timezone, (CAST(:now AS timestamptz) AT TIME ZONE timezone)::date AS today FROM sites)
SELECT o.site_id, o.merchant_id, m.name,
       count(*) FILTER (WHERE urgent AND o.promised_on < o.today)::int,
       count(*) FILTER (WHERE urgent AND o.promised_on = o.today)::int,
       count(*) FILTER (WHERE urgent AND o.progress IN ('ready', 'picking'))::int,
       count(*) FILTER (WHERE urgent AND o.progress = 'picked')::int,
       count(*) FILTER (WHERE urgent AND o.progress = 'packed')::int,
       count(*) FILTER (WHERE urgent AND o.progress IN ('received', 'waiting_for_stock'))::int,
       count(*) FILTER (WHERE NOT urgent)::int
FROM (
  SELECT o.site_id, o.merchant_id, o.promised_on, o.progress, d.today, true AS urgent FROM orders o JOIN days d ON d.id = o.site_id
  WHERE o.state = 'open' AND o.progress <> 'shipped' AND o.promised_on <= d.today
  UNION ALL
  SELECT o.site_id, o.merchant_id, o.promised_on, o.progress, d.today, false FROM orders o JOIN days d ON d.id = o.site_id
  WHERE o.shipped_at >= d.today::timestamp AT TIME ZONE d.timezone
) o JOIN merchants m ON m.id = o.merchant_id
GROUP BY o.site_id, o.merchant_id, m.name
ORDER BY 4 DESC, 5 DESC, m.name
"""


def board(session: Session, *, now: datetime) -> list[BoardRow]:
    """Return what each merchant still has to get out today, per site, most late first. A day is the site's own."""
    return [BoardRow(*row) for row in run(session, _BOARD, {"now": now})]


def count_operator_holds(session: Session) -> int:
    """Return how many orders wait for the operator to end a hold."""
    [row] = run(
        session,
        """
        SELECT count(DISTINCT (h.merchant_id, h.order_id)) FROM holds h JOIN orders o ON o.merchant_id = h.merchant_id AND o.id = h.order_id
        WHERE h.released_at IS NULL AND h.owner = 'operator' AND o.state = 'open'
        """,
    )
    return row[0]
