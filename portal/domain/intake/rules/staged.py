"""What a file's order is before it is one of ours, and the judgement over it: ship, not to ship, or attention."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

MAX_QUANTITY = 100_000
"""More eaches than a line may ask for; a slip, not an order."""

# Countries whose post works without postcodes, for which a blank one is right (Universal Postal Union, addressing notes).
NO_POSTCODE = frozenset(
    re.findall(
        r"[A-Z]{2}",
        """
        AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GQ GY HK IE JM KI KM KN
        KP LC ML MO MR MW NA NR NU PA QA RW SB SC SL SR ST SY TD TF TG TK TL TO TV UG VU YE ZW
        """,
    )
)
COUNTRIES = frozenset(
    re.findall(
        r"[A-Z]{2}",
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
        BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
        ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
        HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
        LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
        NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
        SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
        UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
        """,
    )
)
"""ISO 3166-1 alpha-2 codes (2020), with XK for Kosovo as the posts use it."""


class UnreadableFile(Exception):  # noqa: N818 (it says what the file is)
    """A file that cannot be read as a whole: what was found, what was expected, and what to do."""

    def __init__(self, code: str, found: str, expected: str, fix: str) -> None:
        """Keep the four parts; pages show them under their own headings."""
        super().__init__(f"{found} {expected} {fix}")
        self.code, self.found, self.expected, self.fix = code, found, expected, fix


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person has to mend: the row as a spreadsheet numbers it (header is 1), the column, and three sentences."""

    row: int
    column: str
    code: str
    found: str
    expected: str
    fix: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes. Blank is ''. `country` is ISO 3166-1 alpha-2 in capitals."""

    name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class StagedLine:
    """A line of a file's order. `quantity` is eaches; 0 where the file's own could not be read (a problem says so)."""

    row: int
    position: int
    sku_code: str
    name: str
    quantity: int
    unit_price_minor: int | None
    requires_shipping: bool
    already_shipped: bool
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StagedOrder:
    """An order of a file. `read_problems` came from cells that could not be read; `problems` adds what the judgement found."""

    row: int
    number: str
    external_id: str
    placed_at: datetime | None
    currency: str
    email: str
    ship_to: Address | None
    service: str
    note: str
    attributes: tuple[tuple[str, str], ...]
    total_minor: int | None
    lines: tuple[StagedLine, ...]
    stopped: str
    """Why the file itself says not to ship it: '' or cancelled, refunded, already_fulfilled."""
    read_problems: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    verdict: str = ""
    reason: str = ""

    @property
    def lines_to_ship(self) -> tuple[StagedLine, ...]:
        """Return the lines that have to be shipped and have not been."""
        return tuple(line for line in self.lines if line.requires_shipping and not line.already_shipped)

    @property
    def units_to_ship(self) -> int:
        """Return the eaches that have to be shipped; none when the order is not to ship."""
        return 0 if self.verdict == "not_to_ship" else sum(line.quantity for line in self.lines_to_ship)


def recheck(order: StagedOrder) -> StagedOrder:
    """Judge an order again, after it was read or mended: `not_to_ship` with a reason, `attention` with problems, or `ship`."""
    if order.stopped:
        return replace(order, verdict="not_to_ship", reason=order.stopped, problems=())
    if not order.lines_to_ship and not order.read_problems:
        reason = (
            "already_fulfilled" if any(line.already_shipped for line in order.lines) else "nothing_to_ship"
        )
        return replace(order, verdict="not_to_ship", reason=reason, problems=())
    problems = (*_still_open(order), *_address_problems(order), *_line_problems(order))
    return replace(order, verdict="attention" if problems else "ship", reason="", problems=problems)


_ADDRESS_COLUMNS = {
    "name": "Shipping Name", "address1": "Shipping Address1", "city": "Shipping City", "postcode": "Shipping Zip", "country": "Shipping Country",
}  # fmt: skip


def _still_open(order: StagedOrder) -> tuple[Problem, ...]:
    """Return the reading's problems that mending has not made pointless: a damaged SKU that got another, for example."""
    skus = {line.row: line.sku_code for line in order.lines}
    open_: list[Problem] = []
    for problem in order.read_problems:
        if (
            problem.code == "excel_damage"
            and problem.column == "Lineitem sku"
            and problem.row in skus
            and problem.found not in _quoted(skus[problem.row])
        ):
            continue
        if (
            problem.code == "excel_damage"
            and problem.column == "Shipping Zip"
            and order.ship_to
            and problem.found not in _quoted(order.ship_to.postcode)
        ):
            continue
        open_.append(problem)
    return tuple(open_)


def _quoted(text: str) -> tuple[str, str]:
    return (text, f"“{text}”")


def _address_problems(order: StagedOrder) -> tuple[Problem, ...]:
    address = order.ship_to
    if address is None or not any(
        getattr(address, name) for name in ("name", "address1", "city", "postcode", "country")
    ):
        return (
            Problem(
                order.row,
                "Shipping Address1",
                "no_address",
                "No shipping address.",
                "Name, street, town, postcode and country.",
                "Enter the address.",
            ),
        )
    found: list[Problem] = []
    for name, label in (
        ("name", "recipient's name"),
        ("address1", "street"),
        ("city", "town"),
        ("country", "country"),
    ):
        if not getattr(address, name):
            found.append(
                Problem(
                    order.row,
                    _ADDRESS_COLUMNS[name],
                    f"no_{name}",
                    f"The {label} is blank.",
                    f"A {label}.",
                    f"Enter the {label}.",
                )
            )
    if address.country and address.country not in COUNTRIES:
        found.append(
            Problem(
                order.row, "Shipping Country", "unknown_country", f"“{address.country}”", "A country's two letters, for example US, GB or DE.",
                "Enter the country's two letters.",
            )
        )  # fmt: skip
    elif address.country and not address.postcode and address.country not in NO_POSTCODE:
        found.append(
            Problem(
                order.row,
                "Shipping Zip",
                "no_postcode",
                "The postcode is blank.",
                f"A postcode, as {address.country} uses them.",
                "Enter the postcode.",
            )
        )
    return tuple(found)


def _line_problems(order: StagedOrder) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            line.row, "Lineitem sku", "no_sku", f"The SKU of “{line.name}” is blank." if line.name else "The SKU is blank.",
            "The SKU under which the warehouse keeps it.", "Enter the SKU.",
        )
        for line in order.lines_to_ship
        if not line.sku_code
    )  # fmt: skip


def fingerprint(order: StagedOrder) -> str:
    """Return the SHA-256 of what matters of an order: the same order again is the same, wherever its rows stand."""
    content = {
        "number": order.number, "placed_at": order.placed_at.isoformat() if order.placed_at else "", "currency": order.currency, "email": order.email,
        "ship_to": asdict(order.ship_to) if order.ship_to else None, "service": order.service, "note": order.note, "attributes": order.attributes,
        "lines": [_plain(line) for line in order.lines],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(line: StagedLine) -> tuple[object, ...]:
    shipping = (line.requires_shipping, line.already_shipped)
    return (line.sku_code, line.name, line.quantity, line.unit_price_minor, *shipping, line.attributes)


def to_json(order: StagedOrder) -> dict[str, Any]:
    """Return the order as plain JSON values."""
    content = asdict(order)
    content["placed_at"] = order.placed_at.isoformat() if order.placed_at else None
    return content


def from_json(content: dict[str, Any]) -> StagedOrder:
    """Return the order that `to_json` wrote."""
    values = dict(content)
    values["placed_at"] = datetime.fromisoformat(values["placed_at"]) if values["placed_at"] else None
    values["ship_to"] = Address(**values["ship_to"]) if values["ship_to"] else None
    values["attributes"] = _pairs(values["attributes"])
    values["lines"] = tuple(
        StagedLine(**(line | {"attributes": _pairs(line["attributes"])})) for line in values["lines"]
    )
    for name in ("problems", "read_problems"):
        values[name] = tuple(Problem(**problem) for problem in values[name])
    known = {field.name for field in fields(StagedOrder)}
    return StagedOrder(**{name: value for name, value in values.items() if name in known})


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)
