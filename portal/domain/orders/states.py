"""States of orders: the agreement and the physical progress, as data."""

from __future__ import annotations

from portal.kernel.states import Moves, move

AGREEMENTS = ("open", "cancel_requested", "cancelled", "closed")
PROGRESS = ("received", "waiting_for_stock", "ready", "picking", "picked", "packed", "shipped", "cancelled")

ORDER_MOVES = Moves(
    "order",
    move("cancel", "open cancel_requested", "cancelled"),
    move("close", "open", "closed"),
)
