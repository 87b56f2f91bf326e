"""What recipients are told in each state of their order: the date first, one step that is now, never shipped before it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.tracking.story import Step, Story, tell

TUESDAY = date(2026, 11, 24)
MUG, TEA = {"name": "Mug", "quantity": 2}, {"name": "Tea", "quantity": 1}


def order(progress: str, *parcels: dict[str, Any], **changes: Any) -> dict[str, Any]:
    lines = [
        {"name": "Mug", "quantity": 2, "requires_shipping": True},
        {"name": "Tea", "quantity": 1, "requires_shipping": True},
        {"name": "Gift card", "quantity": 1, "requires_shipping": False},
    ]
    return {
        "merchant": {"name": "Acme Goods", "support_phone": "+44 113 496 0123"}, "site": {"name": "Northside", "timezone": "Europe/London"},
        "number": "#1", "state": "open", "progress": progress, "service": "", "placed_at": "2026-11-23T09:12:00+00:00",
        "promised_on": "2026-11-24", "shipped_at": None, "recipient_initial": "A", "town": "Leeds", "country": "GB",
        "lines": lines, "parcels": list(parcels),
    } | changes  # fmt: skip


def parcel(
    state: str,
    *contents: dict[str, Any],
    piece: int = 1,
    carrier: str | None = "ups",
    number: str | None = None,
) -> dict[str, Any]:
    shipped = state == "shipped"
    return {
        "number": f"PY00000000{piece}", "piece": piece, "state": state, "carrier": carrier, "service": "", "tracking_number": number,
        "packed_at": None if state == "packing" else "2026-11-24T11:05:00+00:00", "shipped_at": "2026-11-24T15:40:00+00:00" if shipped else None,
        "expected_from": "2026-11-26" if shipped else None, "expected_until": "2026-11-27" if shipped else None, "contents": list(contents),
    }  # fmt: skip


def now(story: Story) -> Step:
    [step] = [step for step in story.steps if step.state == "now"]
    return step


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_received():
    story = tell(order("received"), today=TUESDAY)
    assert plain(story.headline) == "Expected 26 – 30 November"
    assert story.sentence == "We have your order. It leaves by Tuesday 24 November."
    assert story.aside == "The days are our estimate."
    assert not story.late
    assert now(story) == Step("Order received", "Mon 23 Nov, 09:12", "now")
    assert story.waiting == ((2, "Mug"), (1, "Tea"))
    assert story.destination == "A., Leeds"
    assert story.dial == "+441134960123"


def test_being_picked_and_being_packed():
    assert now(tell(order("picking"), today=TUESDAY)).word == "Being picked"
    story = tell(order("picked", parcel("packing", MUG, carrier=None)), today=TUESDAY)
    assert now(story).word == "Being packed"
    [box] = story.parcels
    assert (box.sentence, box.number, box.link) == ("Being packed.", "", None)
    assert story.waiting == ((1, "Tea"),)
    assert story.waiting_title == "Still to come"


def test_packed_is_not_on_its_way():
    story = tell(order("packed", parcel("packed", MUG, TEA)), today=TUESDAY)
    assert story.sentence == "Packed, waiting for UPS to collect."
    assert now(story) == Step("Packed at Northside", "Tue 24 Nov, 11:05, waiting to be collected", "now")
    assert [step.state for step in story.steps] == ["done", "now", "todo", "todo"]
    assert story.parcels[0].sentence == "Packed, waiting for UPS to collect."
    assert story.waiting == ()
    own = tell(order("packed", parcel("packed", MUG, TEA, carrier=None)), today=TUESDAY)
    assert own.sentence == "Packed, waiting for the carrier to collect."


def test_two_parcels_on_their_way():
    story = tell(
        order(
            "shipped",
            parcel("shipped", MUG, number="1Z999AA10123456784"),
            parcel("shipped", TEA, piece=2, carrier="own"),
            shipped_at="x",
        ),
        today=TUESDAY,
    )
    assert plain(story.headline) == "Arriving 26 – 27 November"
    assert story.sentence == "All 2 parcels are on the way with UPS."
    assert now(story).word == "On its way"
    one, two = story.parcels
    assert (one.title, one.carrier, one.number) == ("Parcel 1 of 2", "UPS", "1Z999AA10123456784")
    assert one.link is not None
    assert one.link.endswith("1Z999AA10123456784")
    assert (two.title, two.sentence, two.number_word, two.number, two.link) == (
        "Parcel 2 of 2",
        "On its way.",
        "Parcel number",
        "PY000000002",
        None,
    )


def test_the_rest_follows():
    story = tell(order("picked", parcel("shipped", MUG)), today=TUESDAY)
    assert story.sentence == "Parcel 1 is on the way with UPS; the rest follows."
    assert story.waiting == ((1, "Tea"),)
    assert story.steps[1] == Step("Packed at Northside", "Tue 24 Nov, 11:05, the rest follows", "done")


def test_late_before_it_left_is_said_with_a_new_date():
    story = tell(order("ready"), today=date(2026, 11, 26))
    assert plain(story.headline) == "Now expected 30 November – 2 December"
    assert story.sentence.startswith(
        "It was to leave us by Tuesday 24 November and has not yet. We are on it"
    )
    assert story.late


def test_late_on_the_way_names_who_can_help():
    story = tell(order("shipped", parcel("shipped", MUG, TEA), shipped_at="x"), today=date(2026, 12, 1))
    assert plain(story.headline) == "Expected by Friday 27 November"
    assert (
        story.sentence
        == "It should be with you by now. UPS can say where it is; if that does not help, write to Acme Goods."
    )
    assert story.late


def test_cancelled():
    story = tell(order("cancelled", parcel("packed", MUG), state="cancelled"), today=TUESDAY)
    assert story.headline == "Cancelled"
    assert [step.word for step in story.steps] == ["Order received", "Cancelled"]
    assert story.parcels == ()
    assert story.waiting_title == "Not sent"


def test_times_are_the_sites_own():
    story = tell(order("received", site={"name": "S", "timezone": "America/New_York"}), today=TUESDAY)
    assert now(story).when == "Mon 23 Nov, 04:12"
