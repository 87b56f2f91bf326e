"""Reads of a parcel's papers: what stands on them, and their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from babel import Locale

from portal.domain.accounts.queries import get_merchant, get_site
from portal.domain.orders.queries import find_recipient
from portal.domain.shipping.queries.packing import packing_lines, parcel_head
from portal.domain.shipping.queries.parcels import documents_of
from portal.domain.shipping.rules.papers import ParcelPapers, Sender, SlipLine
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.shipping.queries.parcels import DocumentRow
    from portal.kernel.files import Files

DOCUMENT_KINDS = ("label_pdf", "label_zpl", "slip_a4", "slip_4x6")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document ready to be sent: bytes, media type and a name for saving it."""

    data: bytes
    media_type: str
    file_name: str


def document(session: Session, merchant_id: UUID, parcel_id: UUID, kind: str) -> DocumentRow:
    """Return one paper of a parcel; `NotFoundError` when there is none of this kind (yet)."""
    for row in documents_of(session, merchant_id, parcel_id):
        if row.kind == kind:
            return row
    raise NotFoundError("There is no such paper. Labels and packing slips are made when a parcel is packed.")


def read_paper(session: Session, files: Files, merchant_id: UUID, parcel_id: UUID, kind: str) -> Paper:
    """Return a paper with its bytes, ready to be sent to a browser or printer; `NotFoundError` when there is none."""
    row = document(session, merchant_id, parcel_id, kind)
    [number] = run(
        session,
        "SELECT number FROM parcels WHERE merchant_id = :m AND id = :p",
        {"m": merchant_id, "p": parcel_id},
    )
    ending = "zpl" if kind == "label_zpl" else "pdf"
    return Paper(files.read(row.sha256), row.media_type, f"{number[0]}-{kind.replace('_', '-')}.{ending}")


def parcel_papers(session: Session, merchant_id: UUID, parcel_id: UUID) -> ParcelPapers:
    """Return what stands on a packed parcel's label and slip; `NotFoundError` when the scope sees no such parcel.

    How many parcels the order takes is known as soon as every unit of it is in one.
    """
    head = parcel_head(session, merchant_id, parcel_id)
    lines = packing_lines(session, merchant_id, parcel_id)
    merchant = get_merchant(session, merchant_id)
    site = get_site(session, head.site_id)
    zone = ZoneInfo(site.timezone)
    recipient = find_recipient(session, merchant_id, head.order_id)
    if recipient is None:
        raise NotFoundError(f"Order {head.order_number} has no recipient.")
    return ParcelPapers(
        number=head.number,
        piece=head.piece,
        pieces=head.pieces if all(line.missing == 0 for line in lines) else None,
        service=head.service,
        weight_g=head.weight_g,
        order_number=head.order_number,
        placed_on=head.placed_at.astimezone(zone).date(),
        packed_on=head.packed_at.astimezone(zone).date(),
        sender=Sender(
            merchant.name, merchant.brand_colour, merchant.support_email, merchant.support_phone, merchant.shop_url,
            merchant.return_policy, merchant.return_days,
        ),
        site_lines=tuple(site.address_lines),
        name=recipient.name,
        company=recipient.company,
        street=tuple(line for line in (recipient.address1, recipient.address2) if line),
        city=" ".join(part for part in (recipient.city, recipient.region) if part),
        postcode=recipient.postcode,
        country=country_name(recipient.country),
        lines=tuple(
            SlipLine(line.sku_code, line.name, line.attributes, line.packed, line.elsewhere, line.missing) for line in lines
        ),
    )  # fmt: skip


def country_name(code: str) -> str:
    """Return the English name of a country by its ISO 3166 code, from the Unicode CLDR; the code itself when unknown."""
    names = cast("Mapping[str, str]", Locale("en").territories)
    return names.get(code.upper(), code)
