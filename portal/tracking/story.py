"""What a recipient is told, in words: the headline with the date first, the steps, the parcels. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from portal.domain.messages.rules import with_carrier
from portal.domain.shipping.rules.carriers import carrier_name, estimate_arrival, tracking_link
from portal.kernel.words import date_range, long_day

OURS = "The days are our estimate."


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order's way: what, when (a sentence) and whether it is `done`, `now` or `todo`."""

    word: str
    when: str
    state: str


@dataclass(frozen=True, slots=True)
class ParcelStory:
    """A parcel as its recipient sees it."""

    title: str
    sentence: str
    carrier: str
    number_word: str
    number: str
    link: str | None
    contents: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "when": the words of the h1, what happens, and whether it is later than was said."""

    words: str
    sentence: str
    late: bool = False
    aside: str = OURS
    expected: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the tracking page says."""

    headline: str
    sentence: str
    late: bool
    aside: str
    steps: tuple[Step, ...]
    parcels: tuple[ParcelStory, ...]
    waiting: tuple[tuple[int, str], ...]
    """What is not in a parcel yet."""
    waiting_title: str
    destination: str
    phone: str
    """The merchant's telephone number, on one line."""
    dial: str
    """The same as a link takes it."""


def tell(page: dict[str, Any], *, today: date) -> Story:
    """Tell an order's story from what `tracking_page` returned."""
    zone = ZoneInfo(page["site"]["timezone"])
    parcels = page["parcels"]
    cancelled = page["state"] == "cancelled"
    shipped = [parcel for parcel in parcels if parcel["state"] == "shipped"]
    headline = (
        _cancelled(page)
        if cancelled
        else _on_its_way(page, shipped, today)
        if shipped
        else _still_here(page, today)
    )
    initial = f"{page['recipient_initial']}., " if page["recipient_initial"] else ""
    return Story(
        headline=headline.words,
        sentence=headline.sentence,
        late=headline.late,
        aside=headline.aside,
        steps=_stopped_steps(page, zone) if cancelled else _steps(page, shipped, headline, zone),
        parcels=() if cancelled else tuple(_parcel(parcel, len(parcels)) for parcel in parcels),
        waiting=_waiting(page),
        waiting_title="Not sent" if cancelled else "Still to come" if parcels else "In your order",
        destination=f"{initial}{page['town']}" if page["town"] else "",
        phone=page["merchant"]["support_phone"].replace(" ", "\u00a0"),
        dial=re.sub(r"[^+0-9]", "", page["merchant"]["support_phone"]),
    )


def _cancelled(page: dict[str, Any]) -> Headline:
    return Headline(
        "Cancelled",
        f"This order was cancelled and nothing will be sent. {page['merchant']['name']} can tell you more.",
        aside="",
    )


def _on_its_way(page: dict[str, Any], shipped: list[dict[str, Any]], today: date) -> Headline:
    ranges = [_expected(parcel, page) for parcel in shipped]
    first, last = min(r[0] for r in ranges), max(r[1] for r in ranges)
    names = sorted(
        {with_carrier(parcel["carrier"] or "", carrier_name(parcel["carrier"] or "")) for parcel in shipped}
        - {""}
    )
    carriers = names[0] if len(names) == 1 else ""
    if today > last:
        whom = carriers.removeprefix(" with ") or "The carrier"
        return Headline(
            f"Expected by {long_day(last)}",
            f"It should be with you by now. {whom} can say where it is; if that does not help, write to {page['merchant']['name']}.",
            late=True, aside="", expected=(first, last),
        )  # fmt: skip
    count = len(page["parcels"])
    if page["progress"] != "shipped" or len(shipped) < count:
        how_many = (
            f"{len(shipped)} of {count} parcels" if count > len(shipped) else f"Parcel {shipped[-1]['piece']}"
        )
        verb = "are" if count > len(shipped) > 1 else "is"
        sentence = f"{how_many} {verb} on the way{carriers}; the rest follows."
    elif count > 1:
        sentence = f"All {count} parcels are on the way{carriers}."
    else:
        sentence = f"Your parcel is on the way{carriers}."
    return Headline(f"Arriving {date_range(first, last)}", sentence, expected=(first, last))


def _still_here(page: dict[str, Any], today: date) -> Headline:
    promised = date.fromisoformat(page["promised_on"])
    expected = estimate_arrival(max(promised, today), page["service"])
    words = f"Expected {date_range(*expected)}"
    if today > promised:
        return Headline(
            f"Now {words[0].lower()}{words[1:]}",
            f"It was to leave us by {long_day(promised)} and has not yet. We are on it, and write to you when it leaves.",
            late=True, aside="These days are our new estimate.", expected=expected,
        )  # fmt: skip
    sentences = {
        "picking": "We are picking your order.",
        "picked": "Your order is picked and is being packed.",
        "packed": _waits_for(page["parcels"]),
    }
    sentence = sentences.get(page["progress"], f"We have your order. It leaves by {long_day(promised)}.")
    return Headline(words, sentence, expected=expected)


def _waits_for(parcels: list[dict[str, Any]]) -> str:
    carriers = {
        carrier_name(parcel["carrier"])
        for parcel in parcels
        if parcel["carrier"] not in (None, "", "own", "other")
    }
    return f"Packed, waiting for {' and '.join(sorted(carriers)) or 'the carrier'} to collect."


def _expected(parcel: dict[str, Any], page: dict[str, Any]) -> tuple[date, date]:
    if parcel["expected_from"] and parcel["expected_until"]:
        return date.fromisoformat(parcel["expected_from"]), date.fromisoformat(parcel["expected_until"])
    sent = datetime.fromisoformat(parcel["shipped_at"]).astimezone(ZoneInfo(page["site"]["timezone"])).date()
    return estimate_arrival(sent, parcel["service"] or page["service"])


def _waiting(page: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    """Return what has to ship and lies in no parcel, line by line."""
    packed: dict[str, int] = {}
    for parcel in page["parcels"]:
        for content in parcel["contents"]:
            packed[content["name"]] = packed.get(content["name"], 0) + content["quantity"]
    waiting: list[tuple[int, str]] = []
    for line in page["lines"]:
        if line["requires_shipping"] and line["quantity"]:
            taken = min(packed.get(line["name"], 0), line["quantity"])
            packed[line["name"]] = packed.get(line["name"], 0) - taken
            if line["quantity"] > taken:
                waiting.append((line["quantity"] - taken, line["name"]))
    return tuple(waiting)


def _stopped_steps(page: dict[str, Any], zone: ZoneInfo) -> tuple[Step, ...]:
    return (Step("Order received", _when(page["placed_at"], zone), "done"), Step("Cancelled", "", "now"))


def _steps(
    page: dict[str, Any], shipped: list[dict[str, Any]], headline: Headline, zone: ZoneInfo
) -> tuple[Step, ...]:
    """Return the four steps; exactly one is `now`. Packed and not collected is never shown as on its way."""
    progress = page["progress"]
    packed = [parcel["packed_at"] for parcel in page["parcels"] if parcel["packed_at"]]
    if packed and (shipped or progress in ("packed", "shipped")):
        after = (
            "" if progress == "shipped" else ", the rest follows" if shipped else ", waiting to be collected"
        )
        packing = (f"Packed at {page['site']['name']}", _when(max(packed), zone) + after)
    else:
        words = {"picking": "Being picked", "picked": "Being packed"}
        packing = (words.get(progress, f"Picked and packed at {page['site']['name']}"), "")
    leaving = ""
    if shipped:
        count = len(page["parcels"])
        some = f"{len(shipped)} of {count} parcels, " if len(shipped) < count else ""
        leaving = some + _when(max(parcel["shipped_at"] for parcel in shipped), zone)
    until = f"Expected {date_range(*headline.expected)}" if headline.expected and not headline.late else ""
    at = 2 if shipped else 1 if progress in ("picking", "picked", "packed") else 0
    told = [
        ("Order received", _when(page["placed_at"], zone)),
        packing,
        ("On its way", leaving),
        ("With you", until),
    ]
    return tuple(
        Step(word, when, "done" if number < at else "now" if number == at else "todo")
        for number, (word, when) in enumerate(told)
    )


def _when(instant: str, zone: ZoneInfo) -> str:
    return format_datetime(
        datetime.fromisoformat(instant).astimezone(zone), "EEE d MMM, HH:mm", locale="en_GB"
    )


def _parcel(parcel: dict[str, Any], count: int) -> ParcelStory:
    carrier, number = parcel["carrier"] or "", parcel["tracking_number"] or ""
    named = carrier not in ("", "own", "other")
    title = f"Parcel {parcel['piece']} of {count}" if count > 1 else "In your parcel"
    if parcel["state"] == "shipped":
        sentence = f"On its way{with_carrier(carrier, carrier_name(carrier))}."
    elif parcel["state"] == "packed":
        sentence = f"Packed, waiting for {carrier_name(carrier) if named else 'the carrier'} to collect."
    else:
        sentence = "Being packed."
    return ParcelStory(
        title=title,
        sentence=sentence,
        carrier=carrier_name(carrier) if named else "",
        number_word="Number" if number else "Parcel number",
        number=number or ("" if parcel["state"] == "packing" else parcel["number"]),
        link=tracking_link(carrier, number),
        contents=tuple((content["quantity"], content["name"]) for content in parcel["contents"]),
    )
