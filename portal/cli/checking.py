"""`portal check`: prints what was compared and every row that differs. Reads as maintenance, on the migration login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.orders.check import check_orders
from portal.domain.shipping.check import check_parcels
from portal.domain.stock.check import check_stock
from portal.kernel.db import snapshot
from portal.kernel.scopes import AsMaintenance

if TYPE_CHECKING:
    from portal.config import Config
    from portal.domain.stock.check import Comparison


def compare_all(config: Config) -> list[Comparison]:
    """Compare every kept figure with what it follows from, in one snapshot of the database."""
    with snapshot(config.migration_database_url, AsMaintenance(reason="portal check")) as session:
        return [*check_stock(session), *check_orders(session), *check_parcels(session)]


def check(config: Config) -> int:
    """Print each comparison and what differs; return 1 when anything does, else 0."""
    comparisons = compare_all(config)
    for comparison in comparisons:
        count = len(comparison.differing)
        verdict, end = ("DIFFER", f": {count} differ") if count else ("ok    ", "")
        print(f"{verdict}  {comparison.compared:>8,}  {comparison.what}{end}")
        for line in comparison.differing:
            print(f"          {line}")
    return 1 if any(comparison.differing for comparison in comparisons) else 0
