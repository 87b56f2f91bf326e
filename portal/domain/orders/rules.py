"""Pure rules of orders: how far one has come, when it must ship, and why it has not shipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MANY_AHEAD = 1_000
"""Orders ahead of one are counted up to here: the rest of a long queue tells nobody anything, and counting it costs."""


@dataclass(frozen=True, slots=True)
class Quantities:
    """Eaches of one order that have to ship, by how far they have come. Each is counted once, at its furthest stage."""

    wanted: int
    allocated: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0


def progress(quantities: Quantities) -> str:
    """Return how far an order has come, from the quantities of its lines.

    It is where its last unit is: an order is packed when every unit is packed or further.
    """
    q = quantities
    if q.wanted > 0 and q.shipped >= q.wanted:
        return "shipped"
    if q.wanted > 0 and q.packed + q.shipped >= q.wanted:
        return "packed"
    if q.wanted > 0 and q.picked + q.packed + q.shipped >= q.wanted:
        return "picked"
    if q.picked + q.packed + q.shipped > 0:
        return "picking"
    return "ready" if q.wanted > 0 and q.allocated >= q.wanted else "waiting_for_stock"


def promised_on(accepted_at: datetime, *, timezone: str, cut_off: time, handling_days: int) -> date:
    """Return the last day, in the site's calendar, on which an order accepted at this instant has to ship.

    After the cut-off counting starts on the next day; Saturdays and Sundays are not counted.
    """
    local = accepted_at.astimezone(ZoneInfo(timezone))
    day = local.date() if local.time() < cut_off else local.date() + timedelta(days=1)
    day = _working(day)
    for _ in range(handling_days):
        day = _working(day + timedelta(days=1))
    return day


def _working(day: date) -> date:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class Why:
    """Why an order has not shipped: a code, the reason in a sentence, who has to act, and what happens next."""

    code: str
    reason: str
    owner: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A SKU of which an order needs more than it got."""

    sku_code: str
    needed: int
    """Eaches that this order still lacks."""
    available: int
    """Eaches that nobody has been promised."""
    draft: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """What has to be known of an order to say why it has not shipped."""

    state: str
    progress: str
    promised_on: date
    today: date
    holds: tuple[tuple[str, str, str], ...] = ()
    """Open holds as (reason, owner, next step), oldest first."""
    missing: tuple[Missing, ...] = ()
    ahead: int = 0
    """Ready orders of the site that have to ship earlier."""
    packing: bool = False
    """Some of it lies in a parcel already."""


def why_not_shipped(situation: Situation) -> Why:
    """Say why an order has not shipped. Every situation has an answer; what stops it most comes first."""
    s = situation
    late = (
        f" It is late: it had to ship by {s.promised_on:%-d %B}."
        if s.today > s.promised_on and s.state == "open"
        else ""
    )
    if s.progress == "shipped":
        return Why("shipped", "It has shipped.", "nobody", "Follow it on the tracking page.")
    if s.state == "cancelled":
        return Why(
            "cancelled",
            "The order was cancelled.",
            "nobody",
            "Nothing. Goods that were picked go back to their places.",
        )
    if s.holds:
        reason, owner, next_step = s.holds[0]
        more = (
            f" {len(s.holds) - 1} more {'hold is' if len(s.holds) == 2 else 'holds are'} open."
            if len(s.holds) > 1
            else ""
        )
        return Why("hold", f"It is on hold: {reason}{more}{late}", owner, next_step)
    if s.progress in ("received", "waiting_for_stock"):
        return _why_no_stock(s, late)
    if s.progress == "ready":
        first = (
            "It is next in line to be picked."
            if s.ahead == 0
            else f"It waits to be picked; {_orders(s.ahead)} to ship earlier."
        )
        return Why("waiting_for_pick", first + late, "operator", "A picker takes it with the next batch.")
    if s.progress == "picking":
        return Why(
            "picking",
            "It is being picked." + late,
            "operator",
            "The picker finishes the walk, then it is packed.",
        )
    if s.progress == "picked":
        if s.packing:
            return Why(
                "packing",
                "It is being packed." + late,
                "operator",
                "The packer scans the last units; the label prints by itself.",
            )
        return Why(
            "waiting_for_pack",
            "It is picked and waits in its tote to be packed." + late,
            "operator",
            "A packer takes the tote.",
        )
    return Why(
        "waiting_for_scan",
        "It is packed and labelled, and waits for the scan of its label." + late,
        "operator",
        "Scan the label on the parcel.",
    )


def _why_no_stock(s: Situation, late: str) -> Why:
    if not s.missing:
        return Why(
            "received",
            "It has just arrived and is about to be given its stock." + late,
            "operator",
            "Allocation runs by itself within a minute.",
        )
    parts = [f"{m.needed} × {m.sku_code} ({m.available} available)" for m in s.missing[:3]]
    more = f" and {len(s.missing) - 3} more" if len(s.missing) > 3 else ""
    draft = any(m.draft for m in s.missing)
    next_step = (
        "Check the new SKU and send stock of it."
        if draft
        else "Send stock; it is allocated by itself when it is received."
    )
    return Why(
        "waiting_for_stock", f"It waits for stock: {', '.join(parts)}{more}.{late}", "merchant", next_step
    )


def _orders(count: int) -> str:
    if count >= MANY_AHEAD:
        return f"{MANY_AHEAD:,} other orders or more have"
    return "1 other order has" if count == 1 else f"{count} other orders have"
