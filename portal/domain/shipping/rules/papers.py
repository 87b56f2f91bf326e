"""What stands on the papers of a parcel, as plain values: everything a label or a packing slip is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SlipLine:
    """A line of the order on a packing slip: eaches in this parcel, in other parcels, and still to come."""

    sku_code: str
    name: str
    attributes: str
    here: int
    elsewhere: int
    to_come: int

    @property
    def later(self) -> int:
        """Return the eaches that this parcel does not hold."""
        return self.elsewhere + self.to_come


@dataclass(frozen=True, slots=True)
class Sender:
    """The merchant as its customers know it."""

    name: str
    brand_colour: str
    support_email: str
    support_phone: str
    shop_url: str
    return_policy: str
    return_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPapers:
    """One parcel as its papers show it. `pieces` is None while it is not known how many parcels the order takes."""

    number: str
    piece: int
    pieces: int | None
    service: str
    weight_g: int | None
    order_number: str
    placed_on: date
    packed_on: date
    sender: Sender
    site_lines: tuple[str, ...]
    name: str
    company: str
    street: tuple[str, ...]
    city: str
    postcode: str
    country: str
    lines: tuple[SlipLine, ...]

    @property
    def piece_words(self) -> str:
        """Return `Parcel 1 of 2`, or `Parcel 1` while the number of parcels is open."""
        return f"Parcel {self.piece} of {self.pieces}" if self.pieces else f"Parcel {self.piece}"

    @property
    def units(self) -> int:
        """Return how many eaches are in this parcel."""
        return sum(line.here for line in self.lines)
