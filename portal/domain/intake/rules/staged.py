"""What a file's order is before it is one of ours, and how it is kept. Judging it is `judging`'s."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.domain.intake.rules.problems import Problem

MAX_LINES = 1_000
"""Lines that one order may have."""


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
    """The shop's own id; the number where the file does not hold it."""
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


def fingerprint(order: StagedOrder) -> str:
    """Return the SHA-256 of what matters of an order: the same order again is the same, wherever its rows stand."""
    content = (
        order.number, order.placed_at.isoformat() if order.placed_at else "", order.currency, order.email, order.stopped,
        _address(order.ship_to) if order.ship_to else None, order.service, order.note, order.attributes, [_line(line)[2:] for line in order.lines],
    )  # fmt: skip
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _address(a: Address) -> tuple[str, ...]:
    return (
        a.name,
        a.company,
        a.address1,
        a.address2,
        a.city,
        a.region,
        a.postcode,
        a.country,
        a.phone,
        a.email,
    )


def _line(line: StagedLine) -> tuple[object, ...]:
    return (
        line.row, line.position, line.sku_code, line.name, line.quantity, line.unit_price_minor, line.requires_shipping, line.already_shipped,
        line.attributes,
    )  # fmt: skip


def _problem(p: Problem) -> tuple[object, ...]:
    return (p.row, p.column, p.code, p.found, p.expected, p.fix)


def to_json(order: StagedOrder) -> dict[str, Any]:
    """Return the order as plain JSON values; rows of equal shape are lists in the order of their fields."""
    return {
        "row": order.row, "number": order.number, "external_id": order.external_id, "placed_at": order.placed_at.isoformat() if order.placed_at else None,
        "currency": order.currency, "email": order.email, "ship_to": _address(order.ship_to) if order.ship_to else None, "service": order.service,
        "note": order.note, "attributes": order.attributes, "total_minor": order.total_minor, "lines": [_line(line) for line in order.lines],
        "stopped": order.stopped, "read_problems": [_problem(p) for p in order.read_problems], "problems": [_problem(p) for p in order.problems],
        "verdict": order.verdict, "reason": order.reason,
    }  # fmt: skip


def from_json(content: dict[str, Any]) -> StagedOrder:
    """Return the order that `to_json` wrote."""
    values = dict(content)
    values["placed_at"] = datetime.fromisoformat(values["placed_at"]) if values["placed_at"] else None
    values["ship_to"] = Address(*values["ship_to"]) if values["ship_to"] else None
    values["attributes"] = _pairs(values["attributes"])
    values["lines"] = tuple(StagedLine(*line[:8], attributes=_pairs(line[8])) for line in values["lines"])
    for name in ("problems", "read_problems"):
        values[name] = tuple(Problem(*problem) for problem in values[name])
    return StagedOrder(**values)


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)
