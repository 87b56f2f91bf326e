"""What a recipient is told, in words: the headline with the date first, the steps, the parcels. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from portal.domain.shipping.rules.carriers import carrier_name, estimate_arrival, tracking_link


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order's way: what, when (a sentence) and whether it is done, current or still to come."""

    word: str
    when: str
    state: str


@dataclass(frozen=True, slots=True)
class ParcelStory:
    """A parcel as its recipient sees it."""

    title: str
    sentence: str
    carrier: str
    number: str
    link: str | None
    contents: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the tracking page says."""

    headline: str
    sentence: str
    steps: tuple[Step, ...]
    parcels: tuple[ParcelStory, ...]
    waiting: tuple[tuple[int, str], ...]
    """What is not in a parcel yet."""
    destination: str


def date_range(first: date, last: date) -> str:
    """Return two days as people say them: "Tuesday 17 November", or "17 – 19 November"."""
    if first == last:
        return format_date(first, "EEEE d MMMM", locale="en_GB")
    start = "d" if first.month == last.month else "d MMMM"
    return f"{format_date(first, start, locale='en_GB')} – {format_date(last, 'd MMMM', locale='en_GB')}"


def tell(page: dict[str, Any], *, today: date) -> Story:
    """Tell an order's story from what `tracking_page` returned."""
    zone = ZoneInfo(page["site"]["timezone"])
    parcels = page["parcels"]
    shipped = [parcel for parcel in parcels if parcel["state"] == "shipped"]
    headline, sentence = _headline(page, shipped, today)
    in_parcels: dict[str, int] = {}
    for parcel in parcels:
        for content in parcel["contents"]:
            in_parcels[content["name"]] = in_parcels.get(content["name"], 0) + content["quantity"]
    waiting: list[tuple[int, str]] = []
    for line in page["lines"]:
        if line["requires_shipping"] and line["quantity"]:
            taken = min(in_parcels.get(line["name"], 0), line["quantity"])
            in_parcels[line["name"]] = in_parcels.get(line["name"], 0) - taken
            if line["quantity"] > taken:
                waiting.append((line["quantity"] - taken, line["name"]))
    initial = f"{page['recipient_initial']}., " if page["recipient_initial"] else ""
    return Story(
        headline, sentence, _steps(page, parcels, shipped, zone), tuple(_parcel(parcel, len(parcels)) for parcel in parcels), tuple(waiting),
        f"{initial}{page['town']}" if page["town"] else "",
    )  # fmt: skip


def _headline(page: dict[str, Any], shipped: list[dict[str, Any]], today: date) -> tuple[str, str]:
    if page["state"] == "cancelled":
        return "Cancelled", f"{page['merchant']['name']} cancelled this order. Nothing will be sent."
    if shipped:
        first = min(date.fromisoformat(parcel["expected_from"]) for parcel in shipped)
        last = max(date.fromisoformat(parcel["expected_until"]) for parcel in shipped)
        carriers = " and ".join(sorted({carrier_name(parcel["carrier"]) for parcel in shipped}))
        count = (
            f"{len(shipped)} of {len(page['parcels'])} parcels" if len(page["parcels"]) > 1 else "Your parcel"
        )
        verb = "are" if len(shipped) > 1 else "is"
        if today > last:
            return (
                f"Expected by {format_date(last, 'd MMMM', locale='en_GB')}",
                f"It should be there by now. {carriers} can say where it is; if it is not with you, write to {page['merchant']['name']}.",
            )
        return (
            f"Expected {date_range(first, last)}",
            f"{count} {verb} on the way with {carriers}. The date is our estimate.",
        )
    promised = date.fromisoformat(page["promised_on"])
    first, last = estimate_arrival(max(promised, today), page["service"])
    if today > promised:
        return (
            f"New estimate: {date_range(first, last)}",
            f"It was to leave us by {format_date(promised, 'd MMMM', locale='en_GB')} and has not yet. We are on it; the date is our new estimate.",
        )
    words = {
        "picking": "We are picking your order.",
        "picked": "Your order is picked and is being packed.",
        "packed": "It is packed and waits to be collected.",
    }
    sentence = words.get(
        page["progress"],
        f"We have your order and send it by {format_date(promised, 'EEEE d MMMM', locale='en_GB')}.",
    )
    return f"Expected {date_range(first, last)}", f"{sentence} The date is our estimate."


def _steps(
    page: dict[str, Any], parcels: list[dict[str, Any]], shipped: list[dict[str, Any]], zone: ZoneInfo
) -> tuple[Step, ...]:
    packed = [parcel["packed_at"] for parcel in parcels if parcel["packed_at"]]
    all_shipped = bool(page["shipped_at"])
    done = [
        ("Order received", _when(page["placed_at"], zone)),
        (
            f"Packed at {page['site']['name']}",
            _when(max(packed), zone) if packed and page["progress"] in ("packed", "shipped") else "",
        ),
        (
            "On its way",
            _when(max(parcel["shipped_at"] for parcel in shipped), zone) if all_shipped and shipped else "",
        ),
    ]
    steps: list[Step] = []
    for word, when in done:
        previous_done = not steps or steps[-1].state == "done"
        state = "done" if when else "current" if previous_done else "to come"
        steps.append(Step(word, when, state))
    steps.append(Step("With you", "", "current" if all_shipped else "to come"))
    return tuple(steps)


def _when(instant: str, zone: ZoneInfo) -> str:
    return format_datetime(
        datetime.fromisoformat(instant).astimezone(zone), "EEE d MMM, HH:mm", locale="en_GB"
    )


def _parcel(parcel: dict[str, Any], count: int) -> ParcelStory:
    carrier, number = parcel["carrier"] or "", parcel["tracking_number"] or ""
    title = f"Parcel {parcel['piece']} of {count}" if count > 1 else "In this parcel"
    if parcel["state"] == "shipped":
        sentence = f"On its way with {carrier_name(carrier)}."
    elif parcel["state"] == "packed":
        sentence = (
            f"Packed, waiting for {carrier_name(carrier)} to collect."
            if carrier
            else "Packed, waiting to be collected."
        )
    else:
        sentence = "Being packed."
    contents = tuple((content["quantity"], content["name"]) for content in parcel["contents"])
    return ParcelStory(
        title,
        sentence,
        carrier_name(carrier) if carrier else "",
        number,
        tracking_link(carrier, number) if number else None,
        contents,
    )
