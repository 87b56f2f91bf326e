"""States of parcels and the moves between them, as data."""

from __future__ import annotations

from portal.kernel.states import Moves, move

PARCEL_STATES = ("packing", "packed", "shipped", "cancelled")

PARCEL_MOVES = Moves(
    "parcel",
    move("pack", "packing", "packed"),
    move("ship", "packed", "shipped"),
    move("cancel", "packing packed", "cancelled"),
)
