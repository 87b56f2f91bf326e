"""What happened to parcels."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ParcelPacked:
    """Every unit of a parcel was verified by scan; its label and packing slip are there."""

    merchant_id: UUID
    order_id: UUID
    parcel_id: UUID


@dataclass(frozen=True, slots=True)
class ParcelShipped:
    """The scan of a parcel's label was accepted; the recipient can be told."""

    merchant_id: UUID
    order_id: UUID
    parcel_id: UUID
