"""What happened to orders."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """A merchant's order is ours to pack and ship."""

    merchant_id: UUID
    order_id: UUID


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """An order will not ship."""

    merchant_id: UUID
    order_id: UUID
