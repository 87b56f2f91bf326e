"""Reads of parcels, of their packing and of their papers. Nothing here shows a price."""

from __future__ import annotations

from portal.domain.shipping.queries.packing import (
    PackingLine,
    PackingState,
    packing_lines,
    packing_state,
    what_stops,
)
from portal.domain.shipping.queries.papers import (
    DOCUMENT_KINDS,
    Paper,
    country_name,
    document,
    parcel_papers,
    read_paper,
)
from portal.domain.shipping.queries.parcels import (
    DocumentRow,
    ParcelPage,
    ParcelRow,
    documents_of,
    find_parcel,
    get_parcel,
    parcels_of_order,
    parcels_waiting,
)

__all__ = [
    "DOCUMENT_KINDS", "DocumentRow", "PackingLine", "PackingState", "Paper", "ParcelPage", "ParcelRow", "country_name", "document",
    "documents_of", "find_parcel", "get_parcel", "packing_lines", "packing_state", "parcel_papers", "parcels_of_order", "parcels_waiting",
    "read_paper", "what_stops",
]  # fmt: skip
