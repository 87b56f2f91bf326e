"""What happened to stock."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StockReceived:
    """Sellable stock of a SKU came in; orders that wait for it can be allocated."""

    merchant_id: UUID
    sku_id: UUID
