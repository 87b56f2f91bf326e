"""The office's words for states of messages and parcels, and for places; and how its addresses are read."""

from __future__ import annotations

import re
from uuid import UUID

from flask import request

MESSAGE_STATES = {
    "queued": ("Waiting", "info"), "sending": ("Being sent", "info"), "sent": ("Sent", "ok"), "kept": ("Kept, not sent", "idle"),
    "failed": ("Not sent", "bad"), "unknown": ("May have arrived", "warn"),
}  # fmt: skip
PLACE_KINDS = {
    "storage": ("Storage", "Storage"), "tote": ("Tote", "Totes"), "dock": ("Dock", "Docks"), "pack": ("Packing bench", "Packing benches"),
    "quarantine": ("Quarantine", "Quarantine"), "returns": ("Returns", "Returns"), "parcel": ("Parcel", ""),
}  # fmt: skip
"""What people call one place of a kind, and the list of them; parcels have none, an order's page shows them."""

CONDITIONS = {
    "available": ("Available", "ok"), "allocated": ("Allocated", "info"), "picked": ("Picked", "info"), "quarantine": ("Quarantine", "warn"),
    "damaged": ("Damaged", "bad"),
}  # fmt: skip
PARCEL_STATES = {
    "packing": ("Being packed", "info"), "packed": ("Packed, not shipped", "info"), "shipped": ("Shipped", "ok"),
    "cancelled": ("Cancelled", "idle"), "unpacked": ("Unpacked", "idle"),
}  # fmt: skip
DOCUMENTS = {
    "label_pdf": "Label (PDF)", "label_zpl": "Label (ZPL)", "slip_a4": "Packing slip, A4", "slip_4x6": "Packing slip, 4 × 6 in",
}  # fmt: skip
ACTORS = {"merchant": "The merchant", "operator": "Us", "nobody": "Nobody"}


def in_words(event: str) -> str:
    """Write an event's name as people say it: `StockReceived` becomes "Stock received"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event).capitalize()


def asked(name: str) -> str:
    """Return what the address says under a name, fit for a query: no NUL, not endless."""
    return request.args.get(name, "")[:200].replace("\0", "")


def asked_id(name: str) -> UUID | None:
    """Return the id that the address carries under a name; None when there is none, or it is none."""
    try:
        return UUID(asked(name))
    except ValueError:
        return None
