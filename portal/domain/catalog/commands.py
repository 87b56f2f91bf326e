"""Writers of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.domain.catalog.models import Barcode, Sku
from portal.kernel.errors import DuplicateError, FieldProblem, NotFoundError, UnprocessableError
from portal.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSku:
    """A SKU as a merchant enters it; `barcode` is the code printed on one each."""

    code: str
    name: str
    barcode: str = ""
    weight_g: int | None = None


def add_sku(session: Session, *, merchant_id: UUID, sku: NewSku) -> UUID:
    """Add an active SKU with its barcode; return its id. Raises `DuplicateError` or `UnprocessableError` naming the field."""
    code, name = sku.code.strip(), sku.name.strip()
    problems = [
        FieldProblem(field, "missing", f"Give the SKU a {field}.")
        for field, value in (("code", code), ("name", name))
        if not value
    ]
    if sku.weight_g is not None and not 0 < sku.weight_g <= 1_000_000:
        problems.append(
            FieldProblem("weight_g", "out_of_range", "The weight has to be from 1 to 1,000,000 g.")
        )
    if problems:
        raise UnprocessableError(problems[0].sentence, problems=tuple(problems))
    if session.execute(select(Sku.id).where(Sku.merchant_id == merchant_id, Sku.code == code)).scalar():
        raise DuplicateError(f"There is a SKU {code} already.")
    sku_id = new_id()
    session.execute(
        insert(Sku).values(
            merchant_id=merchant_id, id=sku_id, code=code, name=name, state="active", weight_g=sku.weight_g
        )
    )
    if sku.barcode.strip():
        add_barcode(session, merchant_id=merchant_id, sku_id=sku_id, code=sku.barcode, quantity=1)
    return sku_id


def add_barcode(session: Session, *, merchant_id: UUID, sku_id: UUID, code: str, quantity: int) -> None:
    """Say that a barcode stands for `quantity` eaches of a SKU; a draft SKU becomes active by it.

    Raises `DuplicateError` when the merchant uses the code for another SKU or another quantity.
    """
    code = code.strip()
    if not code or quantity < 1:
        raise UnprocessableError("A barcode needs at least one character and stands for at least one each.")
    known = session.execute(
        select(Barcode.sku_id, Barcode.quantity).where(
            Barcode.merchant_id == merchant_id, Barcode.code == code
        )
    ).one_or_none()
    if known is None:
        session.execute(
            insert(Barcode).values(merchant_id=merchant_id, code=code, sku_id=sku_id, quantity=quantity)
        )
    elif tuple(known) != (sku_id, quantity):
        raise DuplicateError(
            f"The barcode {code} is in use for another SKU or quantity. Remove it there first.",
            code="duplicate_barcode",
        )
    activate_sku(session, merchant_id=merchant_id, sku_id=sku_id)


def activate_sku(session: Session, *, merchant_id: UUID, sku_id: UUID) -> None:
    """Make a draft SKU an active one; `NotFoundError` when the merchant has no such SKU."""
    found = session.execute(
        update(Sku)
        .where(Sku.merchant_id == merchant_id, Sku.id == sku_id)
        .values(state="active")
        .returning(Sku.id)
    ).scalar()
    if found is None:
        raise NotFoundError("There is no such SKU.")


def add_draft_skus(
    session: Session, *, merchant_id: UUID, names_by_code: Mapping[str, str]
) -> dict[str, UUID]:
    """Make sure that every code has a SKU, new ones as drafts; return the id of each code. Set-based, safe to race."""
    if not names_by_code:
        return {}
    rows = [
        {"merchant_id": merchant_id, "id": new_id(), "code": code, "name": name or code, "state": "draft"}
        for code, name in sorted(names_by_code.items())
    ]
    session.execute(upsert(Sku).on_conflict_do_nothing(index_elements=["merchant_id", "code"]), rows)
    found = session.execute(
        select(Sku.code, Sku.id).where(Sku.merchant_id == merchant_id, Sku.code.in_(list(names_by_code)))
    )
    return dict(found.all())
