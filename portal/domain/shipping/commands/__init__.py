"""The only writers of parcels: `packing` fills and closes them, `sending` gives them a carrier and ships them."""

from __future__ import annotations

from portal.domain.shipping.commands.packing import close_parcel, open_parcel, scan_pack, unpack_last
from portal.domain.shipping.commands.papers import make_papers
from portal.domain.shipping.commands.sending import scan_label, ship_parcel, use_carrier

__all__ = [
    "close_parcel",
    "make_papers",
    "open_parcel",
    "scan_label",
    "scan_pack",
    "ship_parcel",
    "unpack_last",
    "use_carrier",
]
