"""What machines may send and what they get, as pydantic models: unknown fields are refused, units are in the names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Text40 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Text100 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Optional100 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class Strict(BaseModel):
    """Fields are what is written here, and no others."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class RecipientIn(Strict):
    """Who gets the order. `country` is ISO 3166-1 alpha-2."""

    name: Text100
    company: Optional100 = ""
    address1: Text100
    address2: Optional100 = ""
    city: Text100
    region: Optional100 = ""
    postcode: Annotated[str, StringConstraints(max_length=20)] = ""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    email: Annotated[
        str, StringConstraints(max_length=254, pattern=r"^([^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+)?$")
    ] = ""
    phone: Annotated[str, StringConstraints(max_length=40)] = ""


class LineIn(Strict):
    """So many eaches of a SKU, under the merchant's code."""

    sku: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    name: Optional100 = ""
    unit_price_minor: Annotated[int, Field(ge=0, le=10**12, strict=True)] | None = None
    attributes: Annotated[str, StringConstraints(max_length=1000)] = ""


class OrderIn(Strict):
    """An order. `external_id` is the shop's own id of it: the same one again is the same order."""

    external_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    number: Text40
    placed_at: AwareDatetime | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    service: Optional100 = ""
    note: Annotated[str, StringConstraints(max_length=2000)] = ""
    total_minor: Annotated[int, Field(ge=0, le=10**15, strict=True)] | None = None
    recipient: RecipientIn
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=200)]
    unknown_skus: Literal["refuse", "create"] = "refuse"


class LineOut(BaseModel):
    """A line with how far its eaches have come."""

    sku: str
    name: str
    attributes: str
    quantity: int
    quantity_cancelled: int
    unit_price_minor: int | None
    requires_shipping: bool
    quantity_allocated: int
    quantity_picked: int
    quantity_packed: int
    quantity_shipped: int


class WhyOut(BaseModel):
    """Why the order has not shipped."""

    code: str
    reason: str
    owner: str
    next_step: str


class ParcelOut(BaseModel):
    """A parcel of the order."""

    number: str
    state: str
    carrier: str | None
    service: str
    tracking_number: str | None
    tracking_link: str | None
    shipped_at: datetime | None


class OrderOut(BaseModel):
    """An order as a list shows it."""

    id: UUID
    number: str
    channel: str
    external_id: str
    state: str
    progress: str
    on_hold: bool
    placed_at: datetime
    promised_on: date
    shipped_at: datetime | None
    units: int


class OrderPageOut(OrderOut):
    """An order with everything in it."""

    service: str
    note: str
    currency: str
    total_minor: int | None
    recipient: RecipientIn | None
    lines: list[LineOut]
    parcels: list[ParcelOut]
    why_not_shipped: WhyOut
    actions: list[str]


class OrderListOut(BaseModel):
    """One page of orders."""

    data: list[OrderOut]
    page: int
    per_page: int
    total: int
    next_page: int | None
