"""What the preview page says of a file beyond its rows: problems grouped by kind, and what each answer to the SKU question would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.filters import plural

if TYPE_CHECKING:
    from uuid import UUID

    from portal.domain.intake.queries import Preview, StagedRow
    from portal.domain.intake.rules import Problem

SHOWN_PER_GROUP = 12
VIEWS = ("attention", "ship", "accepted", "not_to_ship", "changed", "same")
REASONS = {
    "cancelled": "Cancelled in the shop", "refunded": "Refunded in the shop", "already_fulfilled": "Shipped already, says the shop",
    "nothing_to_ship": "Nothing in it has to be shipped",
}  # fmt: skip
_KINDS = {
    "no_address": "No shipping address", "no_name": "Recipient's name is blank", "no_address1": "Street is blank", "no_city": "Town is blank",
    "no_country": "Country is blank", "unknown_country": "Country is not known", "no_postcode": "Postcode is blank", "no_sku": "SKU is blank",
    "excel_damage": "Damaged by a spreadsheet", "bad_quantity": "Quantity cannot be read", "bad_money": "Amount cannot be read",
    "bad_date": "Date cannot be read", "bad_currency": "Currency cannot be read", "no_lines": "Order without lines",
    "contradiction": "Rows of one order contradict each other", "wrong_width": "Row has too few or too many cells", "too_long": "Text is too long",
    "no_order_number": "Row without an order number", "torn": "Row is torn", "cell_too_long": "Cell is too long", "bad_character": "Character cannot be kept",
    "masked": "Address is masked by the channel", "bad_email": "E-mail address cannot be read", "shared_id": "Two orders share an id",
    "repeated": "Order stands in the file twice", "partly_fulfilled": "Line was shipped in part", "too_many_lines": "More lines than an order may have",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem with the order that it keeps back."""

    number: str
    position: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems of one kind; `lines` are the first of them."""

    title: str
    count: int
    lines: tuple[ProblemLine, ...]

    @property
    def more(self) -> int:
        """Return how many of the kind are not in `lines`."""
        return self.count - len(self.lines)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What importing with one answer to the question about unknown SKUs would do."""

    choice: str
    orders: int
    units: int
    drafts: int
    left: int

    @property
    def button(self) -> str:
        """Say exactly what a click would do."""
        if not self.orders:
            return "Import nothing yet"
        drafts = f" and add {plural(self.drafts, 'draft SKU')}" if self.drafts else ""
        return f"Make {plural(self.orders, 'order')} with {plural(self.units, 'unit')}{drafts}"


def group_problems(staged: tuple[StagedRow, ...]) -> list[ProblemGroup]:
    """Group the problems of all orders in attention by kind, the most frequent kind first."""
    found: dict[str, list[ProblemLine]] = {}
    for row in staged:
        if row.verdict == "attention":
            for problem in row.order.problems:
                found.setdefault(problem.code, []).append(
                    ProblemLine(row.order.number, row.position, problem)
                )
    groups = [
        ProblemGroup(kind(code), len(lines), tuple(lines[:SHOWN_PER_GROUP])) for code, lines in found.items()
    ]
    return sorted(groups, key=lambda group: -group.count)


def kind(code: str) -> str:
    """Return the title of a kind of problem."""
    return _KINDS.get(code, code.replace("_", " ").capitalize())


def outcomes(preview: Preview) -> dict[str, Outcome]:
    """Work out, for each answer to the question about unknown SKUs, which orders would be made."""
    unknown = {code for code, _, _ in preview.unknown_skus}
    lacking: dict[UUID, set[str]] = {}
    waiting = [row for row in preview.staged if row.verdict == "ship" and row.order_id is None]
    for row in waiting:
        lacking[row.id] = {line.sku_code for line in row.order.lines if line.requires_shipping} & unknown
    solved = {"create": unknown, "match": set(preview.matches), "leave": set[str]()}
    result: dict[str, Outcome] = {}
    for choice, known in solved.items():
        made = [row for row in waiting if lacking[row.id] <= known]
        drafts = len(unknown) if choice == "create" else 0
        result[choice] = Outcome(
            choice, len(made), sum(row.units for row in made), drafts, len(waiting) - len(made)
        )
    return result


def default_choice(preview: Preview) -> str:
    """Return the answer that is marked at first: match where every unknown SKU has a match, else create."""
    if not preview.unknown_skus:
        return "leave"
    return "match" if len(preview.matches) == len(preview.unknown_skus) else "create"


def choose_view(preview: Preview, wanted: str) -> str:
    """Return which orders the page lists: those asked for, else the first kind that there are any of."""
    if wanted in VIEWS:
        return wanted
    return next((view for view in VIEWS if preview.counts[view]), "ship")


def rows_of(preview: Preview, view: str) -> list[StagedRow]:
    """Return the orders of one kind; `accepted` are those that this import made."""
    if view in ("ship", "accepted"):
        return [
            row
            for row in preview.staged
            if row.verdict == "ship" and (row.order_id is not None) == (view == "accepted")
        ]
    return [row for row in preview.staged if row.verdict == view]
