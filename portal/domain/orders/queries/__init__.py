"""Reads of orders: `pages` for one order, `lists` for many, `board` for the operator's day."""

from __future__ import annotations

from portal.domain.orders.queries.board import BoardRow, board, count_operator_holds
from portal.domain.orders.queries.lists import OrderFilter, OrderRow, count_by_progress, list_orders
from portal.domain.orders.queries.pages import (
    EventRow,
    HoldRow,
    LineQuantities,
    LineRow,
    LockedOrder,
    OrderPage,
    RecipientRow,
    find_recipient,
    get_order,
    line_quantities,
    lock_order,
    open_holds,
    whys_not_shipped,
)

__all__ = [
    "BoardRow", "EventRow", "HoldRow", "LineQuantities", "LineRow", "LockedOrder", "OrderFilter", "OrderPage", "OrderRow", "RecipientRow",
    "board", "count_by_progress", "count_operator_holds", "find_recipient", "get_order", "line_quantities", "list_orders",
    "lock_order", "open_holds",
    "whys_not_shipped",
]  # fmt: skip
