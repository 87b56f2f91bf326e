"""Carriers: shapes of numbers, their tracking pages, and when a parcel arrives."""

from __future__ import annotations

from datetime import date

import pytest

from portal.domain.shipping.rules.carriers import (
    CARRIERS,
    carrier_name,
    clean_number,
    estimate_arrival,
    number_problem,
    tracking_link,
)

RIGHT = [
    ("ups", " 1z999aa1-0123 456784", "1Z999AA10123456784"),
    ("ups", "T1234567890", "T1234567890"),
    ("usps", "9400 1000 0000 0000 0000 00", "9400100000000000000000"),
    ("usps", "LX123456789US", "LX123456789US"),
    ("fedex", "7777 1234 5678", "777712345678"),
    ("dhl", "1234567890", "1234567890"),
    ("dhl", "JD014600003SE"[:2] + "014600003123", "JD014600003123"),
    ("other", " Royal/Mail_AB-1.2 ", "Royal/Mail_AB-1.2"),
]


@pytest.mark.parametrize(("carrier", "typed", "kept"), RIGHT)
def test_numbers_are_kept_as_the_carrier_writes_them(carrier: str, typed: str, kept: str) -> None:
    assert clean_number(carrier, typed) == kept
    assert number_problem(carrier, kept) is None


@pytest.mark.parametrize(
    ("carrier", "typed"),
    [
        ("ups", "1Z999AA1012345678"), ("ups", "<script>"), ("usps", "123"), ("usps", "94001000000000000000001"), ("fedex", "77771234567a"),
        ("fedex", "٧٧٧٧١٢٣٤٥٦٧٨"), ("dhl", "JD"), ("dhl", "1" * 41), ("other", "a"), ("other", "a b"), ("other", "x" * 41), ("other", "ünder"),
    ],
)  # fmt: skip
def test_other_shapes_are_refused_with_what_is_right(carrier: str, typed: str) -> None:
    sentence = number_problem(carrier, clean_number(carrier, typed))
    assert sentence is not None
    assert "It has " in sentence


def test_links_lead_to_the_carriers_own_pages() -> None:
    assert {carrier: tracking_link(carrier, "A/1 &2") for carrier in CARRIERS} == {
        "own": None,
        "ups": "https://www.ups.com/track?tracknum=A%2F1%20%262",
        "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels=A%2F1%20%262",
        "fedex": "https://www.fedex.com/fedextrack/?trknbr=A%2F1%20%262",
        "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id=A%2F1%20%262",
        "other": None,
    }
    assert tracking_link("ups", "") is None
    assert [carrier_name(carrier) for carrier in (*CARRIERS, "tram")] == [
        "Own delivery", "UPS", "USPS", "FedEx", "DHL", "Another carrier", "tram",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shipped_on", "service", "expected"),
    [
        (date(2026, 11, 23), "Standard", (date(2026, 11, 25), date(2026, 11, 27))),
        (date(2026, 11, 23), "", (date(2026, 11, 25), date(2026, 11, 27))),
        (date(2026, 11, 27), "Express", (date(2026, 11, 30), date(2026, 12, 1))),
        (date(2026, 11, 28), "NEXT-DAY", (date(2026, 11, 30), date(2026, 12, 1))),
        (date(2026, 11, 26), "Economy saver", (date(2026, 12, 1), date(2026, 12, 7))),
        (date(2026, 11, 23), "UPS 2nd day / two day", (date(2026, 11, 25), date(2026, 11, 26))),
    ],
)
def test_arrival_is_a_range_of_working_days(
    shipped_on: date, service: str, expected: tuple[date, date]
) -> None:
    assert estimate_arrival(shipped_on, service) == expected


def test_arrival_never_falls_on_a_weekend_and_always_leaves_a_range() -> None:
    for day in range(1, 29):
        for service in ("express", "standard", "economy"):
            first, last = estimate_arrival(date(2026, 2, day), service)
            assert first < last
            assert max(first.weekday(), last.weekday()) < 5
            assert first > date(2026, 2, day)
