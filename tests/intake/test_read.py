"""Reading files of every shape that shops and spreadsheets make; what cannot be trusted waits, the rest goes on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.domain.intake.rules import UnreadableFile, fingerprint, from_json, read_order_file, to_json
from tests.intake import samples
from tests.intake.samples import Item, a_file, order, table, write


def read(data: bytes):
    return read_order_file(data, "orders.csv")


def problems(data: bytes) -> list[tuple[str, int, str, str]]:
    return [(o.number, p.row, p.column, p.code) for o in read(data).orders for p in o.problems]


def verdicts(data: bytes) -> list[tuple[str, str, str]]:
    return [(o.number, o.verdict, o.reason) for o in read(data).orders]


def test_an_order_of_three_rows_is_read_with_its_lines_and_address():
    made = order(
        1,
        Item("A", "Towel", "2", "24.00"),
        Item("B", "Tea", "1", "8.50"),
        Item("GIFT", "Gift card", "1", "50.00", ships="false"),
        Notes="Gift.\nWrap it.",
    )
    [one] = read(a_file(made)).orders
    assert (one.verdict, one.units_to_ship, one.external_id, one.number) == (
        "ship",
        3,
        "6000000000001",
        "#PY1001",
    )
    assert one.placed_at == datetime(2026, 11, 14, 5, 10, tzinfo=UTC)
    assert (one.currency, one.total_minor, one.note) == ("GBP", 1345, "Gift.\nWrap it.")
    assert [(line.row, line.position, line.sku_code, line.quantity, line.unit_price_minor, line.requires_shipping) for line in one.lines] == [
        (2, 1, "A", 2, 2400, True), (3, 2, "B", 1, 850, True), (4, 3, "GIFT", 1, 5000, False),
    ]  # fmt: skip
    assert one.ship_to is not None
    assert (one.ship_to.name, one.ship_to.postcode, one.ship_to.phone) == (
        "Ada Cole",
        "LS1 4AP",
        "+44 113 496 0001",
    )


@pytest.mark.parametrize(
    "columns", [samples.COLUMNS_79, samples.COLUMNS_75, samples.COLUMNS_71, samples.COLUMNS_34], ids=len
)
def test_every_known_width_reads_the_same(columns):
    made = samples.orders(30, 1)
    parsed = read(write(table(made, columns)))
    assert [(o.number, o.verdict, o.units_to_ship) for o in parsed.orders] == [
        (m.number, "ship", m.units) for m in made
    ]
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("form", "encoding", "delimiter"),
    [
        ({}, "UTF-8", ","), ({"newline": "\r\n"}, "UTF-8", ","), ({"newline": "\r"}, "UTF-8", ","), ({"encoding": "utf-8-sig"}, "UTF-8", ","),
        ({"encoding": "utf-16"}, "UTF-16", ","), ({"encoding": "utf-16-le"}, "UTF-16", ","), ({"encoding": "utf-16-be"}, "UTF-16", ","),
        ({"encoding": "utf-32"}, "UTF-32", ","), ({"delimiter": ";"}, "UTF-8", ";"), ({"delimiter": "\t"}, "UTF-8", "\t"), ({"delimiter": "|"}, "UTF-8", "|"),
    ],
)  # fmt: skip
def test_every_way_of_writing_reads_the_same(form, encoding, delimiter):
    made = samples.orders(30, 2)
    parsed = read(write(table(made), **form))
    assert (parsed.encoding, parsed.delimiter) == (encoding, delimiter)
    assert [fingerprint(o) for o in parsed.orders] == [
        fingerprint(o) for o in read(write(table(made))).orders
    ]


def test_a_windows_code_page_is_read_with_its_letters():
    data = a_file(order(1, Shipping_Name="Björn Müller")).decode().encode("cp1252")
    [one] = read(data).orders
    assert read(data).encoding == "Windows-1252"
    assert (one.verdict, one.ship_to and one.ship_to.name) == ("ship", "Björn Müller")


def test_one_broken_letter_in_a_utf8_file_keeps_its_own_order_only():
    data = a_file(
        order(1, Shipping_City="Düsseldorf"), order(2, Shipping_City="Köln"), order(3, Shipping_City="Zürich")
    )
    data = data.replace("Köln".encode(), b"K\xf6ln")
    assert read(data).encoding == "UTF-8"
    assert problems(data) == [("#PY1002", 3, "Shipping City", "bad_character")]
    assert [o.ship_to and o.ship_to.city for o in read(data).orders] == ["Düsseldorf", "K\ufffdln", "Zürich"]


def test_a_line_that_names_the_separator_is_no_header():
    data = b"sep=;\r\n" + write(table([order(1)]), delimiter=";", newline="\r\n")
    assert verdicts(data) == [("#PY1001", "ship", "")]
    assert read(data).orders[0].row == 3


def test_headers_are_known_without_case_spaces_and_punctuation():
    rows = table([order(1)])
    rows[0] = [name.upper().replace(" ", "_") for name in rows[0]]
    assert verdicts(write(rows)) == [("#PY1001", "ship", "")]


def test_columns_may_stand_in_any_order():
    columns = tuple(reversed(samples.COLUMNS_79))
    assert verdicts(write(table([order(1), order(2)], columns))) == [
        ("#PY1001", "ship", ""),
        ("#PY1002", "ship", ""),
    ]


def test_rows_of_an_order_need_not_be_neighbours():
    header, a1, a2, b = table([order(1, Item("A"), Item("B")), order(2)])
    parsed = read(write([header, a1, b, a2]))
    assert [(o.number, o.units_to_ship, o.verdict) for o in parsed.orders] == [
        ("#PY1001", 2, "ship"),
        ("#PY1002", 1, "ship"),
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Cancelled_at": "2026-11-15 09:00:00 -0500"}, "cancelled"), ({"Financial_Status": "voided"}, "cancelled"),
        ({"Financial_Status": "refunded"}, "refunded"),
        ({"Fulfillment_Status": "fulfilled"}, "already_fulfilled"), ({"Fulfillment_Status": "restocked"}, "refunded"),
        ({"Financial_Status": "refunded", "Shipping_Name": "", "Shipping_Address1": ""}, "refunded"),
    ],
)  # fmt: skip
def test_what_the_shop_says_not_to_ship_is_no_mistake(cells, reason):
    assert verdicts(a_file(order(1, **cells))) == [("#PY1001", "not_to_ship", reason)]
    assert problems(a_file(order(1, **cells))) == []
    assert read(a_file(order(1, **cells))).orders[0].units_to_ship == 0


@pytest.mark.parametrize(
    "status", ["paid", "pending", "authorized", "partially_paid", "partially_refunded", ""]
)
def test_other_payment_states_ship(status):
    assert verdicts(a_file(order(1, Financial_Status=status))) == [("#PY1001", "ship", "")]


def test_lines_that_were_shipped_already_are_not_shipped_again():
    [one] = read(
        a_file(
            order(
                1,
                Item("A", quantity="2", status="fulfilled"),
                Item("B", quantity="3"),
                Fulfillment_Status="partial",
            )
        )
    ).orders
    assert (one.verdict, one.units_to_ship) == ("ship", 3)
    assert [line.sku_code for line in one.lines_to_ship] == ["B"]


def test_a_line_that_was_shipped_in_part_waits_because_the_file_does_not_say_how_many():
    assert problems(a_file(order(1, Item(quantity="3", status="partial")))) == [
        ("#PY1001", 2, "Lineitem fulfillment status", "partly_fulfilled")
    ]


def test_nothing_but_gift_cards_is_nothing_to_ship():
    assert verdicts(a_file(order(1, Item(ships="false")))) == [("#PY1001", "not_to_ship", "nothing_to_ship")]


def test_a_blank_sku_of_a_gift_card_or_a_shipped_line_is_no_problem():
    assert verdicts(a_file(order(1, Item("", ships="false"), Item("", status="fulfilled"), Item("A")))) == [
        ("#PY1001", "ship", "")
    ]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"Shipping_Name": ""}, "Shipping Name", "no_name"), ({"Shipping_Address1": ""}, "Shipping Address1", "no_address1"),
        ({"Shipping_City": ""}, "Shipping City", "no_city"), ({"Shipping_Country": ""}, "Shipping Country", "no_country"),
        ({"Shipping_Country": "United Kingdom"}, "Shipping Country", "unknown_country"), ({"Shipping_Zip": ""}, "Shipping Zip", "no_postcode"),
        ({"Shipping_Zip": "9.0E+10"}, "Shipping Zip", "excel_damage"), ({"Shipping_Zip": "#####"}, "Shipping Zip", "excel_damage"),
        ({"Shipping_Address1": "1 " + "Long " * 30}, "Shipping Address1", "too_long"), ({"Shipping_Address1": "M*** S****"}, "Shipping Address1", "masked"),
        ({"Shipping_City": "K\ufffdln"}, "Shipping City", "bad_character"), ({"Shipping_City": "Le\x00eds"}, "Shipping City", "bad_character"),
        ({"Currency": "pounds"}, "Currency", "bad_currency"), ({"Currency": ""}, "Currency", "bad_currency"), ({"Total": "about 20"}, "Total", "bad_money"),
        ({"Total": "1E+20"}, "Total", "bad_money"), ({"Created_at": "yesterday"}, "Created at", "bad_date"),
        ({"Created_at": "0001-01-01 00:00:00 +1400"}, "Created at", "bad_date"), ({"Email": "ada at example"}, "Email", "bad_email"),
        ({"Email": "a@b.example\nBcc: c@d.example"}, "Email", "bad_email"), ({"Notes": "n" * 5001}, "Notes", "too_long"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_used_is_named(cells, column, code):
    data = a_file(order(1), order(2, **cells), order(3))
    assert problems(data) == [("#PY1002", 3, column, code)]
    assert [o.verdict for o in read(data).orders] == ["ship", "attention", "ship"]


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1.5", "two", "1,000", "1.000", "100001", "9" * 40, "1e3", "NaN", "١"]
)
def test_an_odd_quantity_is_not_guessed(text):
    data = a_file(order(1, Item("A"), Item("B", quantity=text)))
    assert problems(data) == [("#PY1001", 3, "Lineitem quantity", "bad_quantity")]


@pytest.mark.parametrize(
    ("text", "quantity"), [("1", 1), ("'2", 2), ("3.0", 3), ("4,00", 4), (" 5 ", 5), ("100000", 100_000)]
)
def test_quantities_as_spreadsheets_write_them(text, quantity):
    assert [
        line.quantity for o in read(a_file(order(1, Item(quantity=text)))).orders for line in o.lines
    ] == [quantity]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("24.00", "GBP", 2400), ("24", "GBP", 2400), ("24,50", "EUR", 2450), ("1,234.50", "USD", 123450), ("1.234,50 €", "EUR", 123450),
        ("$1,234", "USD", 123400), ("AU $3,000.00", "AUD", 300000), ("500", "JPY", 500), ("1.250", "KWD", 1250), ("0.00", "GBP", 0),
    ],
)  # fmt: skip
def test_money_as_shops_and_spreadsheets_write_it(text, currency, minor):
    [one] = read(a_file(order(1, Item(price=text), Currency=currency, Total=text))).orders
    assert (one.problems, one.lines[0].unit_price_minor) == ((), minor)


@pytest.mark.parametrize("text", ["abc", "1e5", "1.2.3", "-5.00", "12abc34", "24.999", "9" * 30])
def test_money_that_is_none_is_named(text):
    assert problems(a_file(order(1, Item(price=text)))) == [("#PY1001", 2, "Lineitem price", "bad_money")]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-14 00:10:00 -0500", datetime(2026, 11, 14, 5, 10, tzinfo=UTC)), ("2026-11-14T00:10:00-05:00", datetime(2026, 11, 14, 5, 10, tzinfo=UTC)),
        ("31/12/2026 22:36", datetime(2026, 12, 31, 22, 36, tzinfo=UTC)), ("2026-11-14", datetime(2026, 11, 14, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_dates_as_shops_and_spreadsheets_write_them(text, instant):
    [one] = read(a_file(order(1, Created_at=text))).orders
    assert (one.placed_at, one.verdict) == (instant, "ship")


def test_leading_zeros_and_apostrophes():
    [one] = read(a_file(order(1, Item("'0042"), Shipping_Zip="'00501", Shipping_Country="US"))).orders
    assert (one.lines[0].sku_code, one.ship_to and one.ship_to.postcode) == ("0042", "00501")


def test_a_postcode_is_not_missed_where_none_is_used():
    assert verdicts(a_file(order(1, Shipping_Country="HK", Shipping_Zip=""))) == [("#PY1001", "ship", "")]


def test_an_id_that_a_spreadsheet_rounded_is_no_id():
    parsed = read(a_file(order(1, Id="6E+12"), order(2, Id="6E+12")))
    assert [(o.external_id, o.verdict) for o in parsed.orders] == [("#PY1001", "ship"), ("#PY1002", "ship")]


def test_two_orders_under_one_id_both_wait():
    data = a_file(order(1, Id="77"), order(2, Id="77"), order(3))
    assert problems(data) == [("#PY1001", 2, "Id", "shared_id"), ("#PY1002", 3, "Id", "shared_id")]


def test_rows_of_one_order_that_contradict_each_other():
    header, first, second = table([order(1, Item("A"), Item("B"))])
    second[header.index("Shipping Name")] = "Somebody Else"
    assert problems(write([header, first, second])) == [("#PY1001", 3, "Shipping Name", "contradiction")]


def test_a_file_pasted_twice_doubles_no_order():
    header, *rows = table([order(1), order(2, Item("A"), Item("B"))])
    found = problems(write([header, *rows, *rows]))
    assert ("#PY1001", 5, "", "repeated") in found
    assert ("#PY1002", 6, "", "repeated") in found
    assert {number for number, *_ in found} == {"#PY1001", "#PY1002"}


def test_a_row_without_a_number_below_an_order_holds_that_order():
    header, first, second, other = table([order(1, Item("A"), Item("B")), order(2)])
    second[0] = ""
    data = write([header, first, second, other])
    assert problems(data) == [("#PY1001", 3, "Name", "no_order_number")]
    assert read(data).problems == ()


def test_the_first_row_of_an_order_without_a_number_belongs_to_none():
    header, first, second = table([order(1), order(2)])
    second[0] = ""
    data = write([header, first, second])
    assert verdicts(data) == [("#PY1001", "ship", "")]
    assert [(p.row, p.column, p.code) for p in read(data).problems] == [(3, "Name", "no_order_number")]


@pytest.mark.parametrize(
    "change",
    [lambda row: row[:-3], lambda row: [*row, "", ""], lambda row: row[:10] + row[11:]],
    ids=["short", "long", "shifted"],
)
def test_a_row_of_another_width_is_not_used_at_all(change):
    header, first, second, third = table([order(1), order(2, Fulfillment_Status="fulfilled"), order(3)])
    data = write([header, first, change(second), third])
    assert problems(data) == [("#PY1002", 3, "", "wrong_width")]
    assert [o.verdict for o in read(data).orders] == ["ship", "attention", "ship"]


def test_a_quote_out_of_place_tears_its_own_row_only():
    lines = a_file(order(1), order(2), order(3)).decode().splitlines()
    lines[2] = lines[2].replace("Earl Grey 250 g", '"12" ruler"')
    data = "\n".join(lines).encode() + b"\n"
    assert problems(data) == [("#PY1002", 3, "", "torn")]
    assert [o.verdict for o in read(data).orders] == ["ship", "attention", "ship"]


def test_a_quote_that_is_never_closed_swallows_no_other_order():
    lines = a_file(order(1), order(2), order(3, Item(name='Ruler, 12"')), order(4)).decode().splitlines()
    lines[2] = lines[2].replace("Earl Grey 250 g", '"Earl Grey 250 g')
    data = "\n".join(lines).encode() + b"\n"
    assert problems(data) == [("#PY1002", 3, "", "torn")]
    assert [o.units_to_ship for o in read(data).orders] == [1, 0, 1, 1]


def test_what_a_torn_note_leaves_behind_is_named_and_is_no_order():
    text = a_file(order(1), order(2, Notes="Gift for Zoë.\nWrap it, please."), order(3)).decode()
    data = text.replace('Wrap it, please."', "Wrap it, please.").encode()
    parsed = read(data)
    assert [(o.number, o.verdict) for o in parsed.orders] == [
        ("#PY1001", "ship"),
        ("#PY1002", "attention"),
        ("#PY1003", "ship"),
    ]
    assert problems(data) == [("#PY1002", 3, "", "torn")]
    assert [(p.row, p.code) for p in parsed.problems] == [(4, "torn")]


def test_a_row_that_was_broken_in_two_is_one_bad_row():
    text = a_file(order(1), order(2, Notes="Gift for Zoë.\nWrap it."), order(3)).decode()
    data = text.replace('"Gift for Zoë.\nWrap it."', "Gift for Zoë.\nWrap it.").encode()
    assert problems(data) == [("#PY1002", 3, "", "wrong_width")]
    assert [(p.row, p.code) for p in read(data).problems] == [(4, "torn")]


def test_a_cell_longer_than_a_spreadsheet_holds_keeps_its_order():
    assert problems(a_file(order(1), order(2, Tags="x" * 32_768), order(3))) == [
        ("#PY1002", 3, "", "cell_too_long")
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"), (b" \n\n ", "empty"), (b",,,\n,,,\n", "empty"), (b"PK\x03\x04" + b"\0" * 500, "zip"), (b"\xd0\xcf\x11\xe0" + b"\0" * 500, "xls"),
        (b"%PDF-1.7\n", "pdf"), (b"\x89PNG\r\n\x1a\n", "picture"), (b"\x1f\x8b\x08" + b"x" * 50, "gzip"), (bytes(range(256)) * 20, "binary"),
        (b"Order,Date\n1,2\n", "wrong_header"), (b"hello", "wrong_header"), (b"<html><body>Sign in</body></html>", "wrong_header"),
        (write([list(samples.COLUMNS_79)]), "no_rows"), (write([[*samples.COLUMNS_79, "Name"]]), "twice"), (b'"Name,Email\n', "torn"),
        (a_file(order(1), order(2))[:-40], "cut_off"), (a_file(order(1), order(2, Notes="a\nb"))[: -(len("\nb\"") + 45)], "cut_off"),
        (b"\xff\xfe" + b"\xff\xdf" * 300, "encoding"), (b"a" * 1_000_001, "too_much"), (b"x," * 600 + b"\n", "too_much"),
    ],
)  # fmt: skip
def test_what_is_no_order_file_is_refused_by_name(data, code):
    with pytest.raises(UnreadableFile) as refused:
        read(data)
    assert refused.value.code == code
    assert all((refused.value.found, refused.value.expected, refused.value.fix))


def test_more_rows_than_a_file_may_have(monkeypatch):
    monkeypatch.setattr("portal.domain.intake.rules.tables.MAX_ROWS", 3)
    assert len(read(a_file(*(order(n) for n in range(3)))).orders) == 3
    with pytest.raises(UnreadableFile, match="more than 3 rows"):
        read(a_file(*(order(n) for n in range(4))))


def test_the_fingerprint_is_of_the_content_not_of_the_place():
    a, b = order(1, Item("A"), Item("B")), order(2)
    first, second = read(a_file(a, b)).orders, read(a_file(b, a)).orders
    assert fingerprint(first[0]) == fingerprint(second[1])
    [cancelled] = read(
        a_file(order(1, Item("A"), Item("B"), Cancelled_at="2026-11-15 09:00:00 -0500"))
    ).orders
    assert fingerprint(cancelled) != fingerprint(first[0])


def test_an_order_survives_being_kept():
    for one in read(write(table([*samples.orders(20, 3), order(50, Shipping_Name="")]))).orders:
        assert from_json(to_json(one)) == from_json(to_json(from_json(to_json(one))))
        assert fingerprint(from_json(to_json(one))) == fingerprint(one)
