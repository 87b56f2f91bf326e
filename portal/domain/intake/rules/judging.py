"""The judgement over an order of a file, after it was read and after every mend: ship, not to ship, or attention."""

from __future__ import annotations

import re
from dataclasses import replace

from portal.domain.intake.rules.cells import REPLACEMENT, is_damaged
from portal.domain.intake.rules.countries import COUNTRIES, NO_POSTCODE
from portal.domain.intake.rules.problems import Problem, damaged, quoted, too_long, unreadable_character
from portal.domain.intake.rules.staged import StagedLine, StagedOrder

SHAPE = frozenset({"torn", "wrong_width", "cell_too_long", "no_order_number"})
"""Problems after which a row's cells cannot be trusted to stand under their own columns."""

ADDRESS_COLUMNS = {
    "name": "Shipping Name", "company": "Shipping Company", "address1": "Shipping Address1", "address2": "Shipping Address2", "city": "Shipping City",
    "region": "Shipping Province", "postcode": "Shipping Zip", "country": "Shipping Country", "phone": "Shipping Phone", "email": "Email",
}  # fmt: skip
_LONGEST = {"postcode": 20, "phone": 40, "email": 254}
_NEEDED = {"name": "recipient's name", "address1": "street", "city": "town", "country": "country"}
_EMAIL = re.compile(r"[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+\.[^@\s<>,;\x00-\x1f]+")
MAX_SKU = 100


def recheck(order: StagedOrder) -> StagedOrder:
    """Judge an order again, after it was read or mended: `not_to_ship` with a reason, `attention` with problems, or `ship`."""
    shape = tuple(problem for problem in order.read_problems if problem.code in SHAPE)
    if shape:
        # Cells may stand in the wrong columns, so neither a blank address nor a date of cancellation means anything.
        return replace(order, verdict="attention", reason="", problems=order.read_problems)
    if order.stopped:
        return replace(order, verdict="not_to_ship", reason=order.stopped, problems=())
    if not order.lines_to_ship and not order.read_problems:
        reason = (
            "already_fulfilled" if any(line.already_shipped for line in order.lines) else "nothing_to_ship"
        )
        return replace(order, verdict="not_to_ship", reason=reason, problems=())
    problems = (*order.read_problems, *_address_problems(order), *_line_problems(order))
    return replace(order, verdict="attention" if problems else "ship", reason="", problems=problems)


def _address_problems(order: StagedOrder) -> list[Problem]:
    address = order.ship_to
    if address is None or not any(
        (address.name, address.address1, address.city, address.postcode, address.country)
    ):
        return [
            Problem(
                order.row,
                "Shipping Address1",
                "no_address",
                "No shipping address.",
                "Name, street, town, postcode and country.",
                "Enter the address.",
            )
        ]
    found: list[Problem] = []
    for name, column in ADDRESS_COLUMNS.items():
        text: str = getattr(address, name)
        if not text:
            if name in _NEEDED:
                label = _NEEDED[name]
                found.append(
                    Problem(order.row, column, f"no_{name}", f"The {label} is blank.", f"A {label}.", f"Enter the {label}.")
                )  # fmt: skip
        elif REPLACEMENT in text:
            found.append(unreadable_character(order.row, column, text))
        elif "**" in text:
            found.append(
                Problem(
                    order.row, column, "masked", quoted(text), "The address in full. Marketplaces hide it with asterisks.",
                    "Enter what the marketplace shows you.",
                )
            )  # fmt: skip
        elif len(text) > _LONGEST.get(name, 100):
            found.append(too_long(order.row, column, text, _LONGEST.get(name, 100)))
    if address.email and all(p.column != "Email" for p in found) and not _EMAIL.fullmatch(address.email):
        found.append(
            Problem(
                order.row,
                "Email",
                "bad_email",
                quoted(address.email),
                "An address such as ada@example.com.",
                "Correct it.",
            )
        )
    return [*found, *_place_problems(order.row, address.country, address.postcode)]


def _place_problems(row: int, country: str, postcode: str) -> list[Problem]:
    if is_damaged(postcode):
        return [damaged(row, "Shipping Zip", postcode)]
    if country and country not in COUNTRIES and REPLACEMENT not in country:
        return [
            Problem(
                row,
                "Shipping Country",
                "unknown_country",
                quoted(country),
                "A country's two letters, for example US, GB or DE.",
                "Enter the country's two letters.",
            )
        ]
    if country in COUNTRIES and not postcode and country not in NO_POSTCODE:
        return [
            Problem(
                row,
                "Shipping Zip",
                "no_postcode",
                "The postcode is blank.",
                f"A postcode, as {country} uses them.",
                "Enter the postcode.",
            )
        ]
    return []


def _line_problems(order: StagedOrder) -> list[Problem]:
    return [problem for line in order.lines_to_ship if (problem := _sku_problem(line)) is not None]


def _sku_problem(line: StagedLine) -> Problem | None:
    if not line.sku_code:
        found = f"The SKU of {quoted(line.name)} is blank." if line.name else "The SKU is blank."
        return Problem(
            line.row, "Lineitem sku", "no_sku", found, "The SKU under which the warehouse keeps it.", "Enter the SKU."
        )  # fmt: skip
    if is_damaged(line.sku_code):
        return damaged(line.row, "Lineitem sku", line.sku_code)
    if REPLACEMENT in line.sku_code:
        return unreadable_character(line.row, "Lineitem sku", line.sku_code)
    return (
        too_long(line.row, "Lineitem sku", line.sku_code, MAX_SKU) if len(line.sku_code) > MAX_SKU else None
    )
