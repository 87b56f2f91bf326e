"""What machines may send and what they get, as pydantic models: unknown fields are refused, units are in the names."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from portal.domain.intake.rules import COUNTRIES, NO_POSTCODE

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _one_line(text: str) -> str:
    # A line break in a name would break a label, or a mail's header; PostgreSQL refuses NUL.
    if _CONTROL.search(text):
        raise PydanticCustomError("control_character", "Take the line breaks and control characters out.")
    return text


def _lines(text: str) -> str:
    if _CONTROL_BUT_BREAKS.search(text):
        raise PydanticCustomError(
            "control_character", "Take the control characters out; line breaks may stay."
        )
    return text


def _sane_date(instant: datetime) -> datetime:
    if not 1995 <= instant.year <= 2100:
        raise PydanticCustomError("out_of_range", "The year has to be from 1995 to 2100.")
    return instant


_Line = AfterValidator(_one_line)
Text40 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), _Line]
Text80 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), _Line]
Text100 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _Line]
Optional100 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), _Line]
Paragraph1000 = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_lines)]
Paragraph2000 = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_lines)]


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
    postcode: Annotated[str, StringConstraints(max_length=20), _Line] = ""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    email: Annotated[
        str, StringConstraints(max_length=254, pattern=r"^([^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+)?$")
    ] = ""
    phone: Annotated[str, StringConstraints(max_length=40), _Line] = ""

    @model_validator(mode="after")
    def _is_a_place(self) -> Self:
        """Ask of an address what the importer asks of one: a country that is one, and a postcode where there are any."""
        if self.country not in COUNTRIES:
            raise PydanticCustomError("unknown_country", "country is no country's two letters.")
        if not self.postcode and self.country not in NO_POSTCODE:
            raise PydanticCustomError("postcode_missing", "postcode is blank; this country uses them.")
        return self


class RecipientOut(BaseModel):
    """Who gets the order, as it is kept."""

    name: str
    company: str
    address1: str
    address2: str
    city: str
    region: str
    postcode: str
    country: str
    email: str
    phone: str


class LineIn(Strict):
    """So many eaches of a SKU, under the merchant's code."""

    sku: Text100
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    name: Optional100 = ""
    unit_price_minor: Annotated[int, Field(ge=0, le=10**12, strict=True)] | None = None
    attributes: Paragraph1000 = ""


class OrderIn(Strict):
    """An order. `external_id` is the shop's own id of it: the same one again is the same order."""

    external_id: Text80
    number: Text40
    placed_at: Annotated[AwareDatetime, AfterValidator(_sane_date)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    service: Optional100 = ""
    note: Paragraph2000 = ""
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
    recipient: RecipientOut | None
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
