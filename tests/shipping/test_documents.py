"""Papers as a printer and a scanner see them: sizes, pages, barcodes read from the picture, and nothing outside its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pypdfium2
import pypdfium2.raw as raw
import pytest
import zxingcpp

from portal.domain.shipping.documents import label_pdf, label_zpl, render_papers, slip_pdf
from portal.domain.shipping.rules.papers import ParcelPapers, Sender, SlipLine
from portal.domain.shipping.rules.zpl import break_lines, escape, width_of

if TYPE_CHECKING:
    from PIL.Image import Image

ACME = Sender(
    name="Northwind Tea", brand_colour="#f2b705", support_email="help@northwind.example", support_phone="+44 113 496 0000",
    shop_url="https://www.northwind.example/", return_policy="Send it back within 30 days.", return_days=30,
)  # fmt: skip
PLAIN = ParcelPapers(
    number="PY000000123", piece=1, pieces=2, service="Standard", weight_g=1240, order_number="#1001", placed_on=date(2026, 11, 20),
    packed_on=date(2026, 11, 23), sender=ACME, site_lines=("1 Dock Road", "Leeds LS9 0AA", "GB"), name="Ada Cole", company="",
    street=("12 Park Row", "Flat 3"), city="Leeds", postcode="LS1 4AP", country="United Kingdom",
    lines=(SlipLine("TEA-100", "Earl Grey", "100 g tin", 2, 0, 0), SlipLine("MUG-BL", "Mug", "Blue", 1, 0, 1), SlipLine("STR-1", "Strainer", "", 0, 3, 0)),
)  # fmt: skip
UNICODE = replace(
    PLAIN, name="Żółć Gęślą-Jaźń", company="Société Générale des Thés", street=("ul. Świętokrzyska 31/33 m. 12",), city="Kraków",
    postcode="31-019", country="Poland", order_number="№ 7/ä", sender=replace(ACME, name="Çiğdem'in Dükkânı", brand_colour="#14213d"),
)  # fmt: skip
LONG = replace(
    PLAIN, name="Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh " * 4, company="Holdings International GmbH & Co. KG " * 4,
    street=("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk 12 " * 4, "W" * 200), city="Llanfairpwllgwyngyllgogerychwyrndrobwll " * 4,
    postcode="LL61 5UJ", country="South Georgia & South Sandwich Islands", service="Priority Overnight Express Saturday " * 3,
    order_number="ORDER-2026-11-23-000000000123456789-A", sender=replace(ACME, name="W" * 120), site_lines=("W" * 90, "Q" * 90),
)  # fmt: skip
HOSTILE = replace(
    PLAIN, name="<script>alert(1)</script>", company="<img src=file:///etc/passwd>", street=("{{ 7*7 }}", "</style><h1>x"),
    city="^XZ~JA_5E", order_number="<b>1", sender=replace(ACME, name="A & B </title>", return_policy="<a href=x>y</a>", support_phone="<i>1"),
    lines=(SlipLine("<u>", "<iframe src=http://127.0.0.1>", "&lt;", 1, 0, 0),),
)  # fmt: skip
EVERYBODY = {"plain": PLAIN, "unicode": UNICODE, "long": LONG, "hostile": HOSTILE}
MM = 25.4 / 72


def _page(pdf: bytes, number: int = 0) -> Image:
    """Render a page as a 203 dpi printer does."""
    scale: Any = 203 / 72
    return pypdfium2.PdfDocument(pdf)[number].render(scale=scale).to_pil()


def _codes(pdf: bytes) -> list[tuple[str, str]]:
    return [(code.format.name, code.text) for code in zxingcpp.read_barcodes(_page(pdf))]


def _text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    pages = [document[n].get_textpage().get_text_range() for n in range(len(document))]
    return " ".join(" ".join(pages).replace("\ufffe", "-").split())


def _sizes(pdf: bytes) -> set[tuple[float, float]]:
    document = pypdfium2.PdfDocument(pdf)
    return {
        (round(w * MM, 1), round(h * MM, 1))
        for w, h in (document[n].get_size() for n in range(len(document)))
    }


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_labels_barcode_reads_whoever_it_goes_to(who: str) -> None:
    pdf = label_pdf(EVERYBODY[who])
    assert _codes(pdf) == [("Code128", "PY000000123")]
    assert _sizes(pdf) == {(101.6, 152.4)}
    assert len(pypdfium2.PdfDocument(pdf)) == 1


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_label_keeps_its_margins_and_its_quiet_zones(who: str) -> None:
    """Nothing but the bars across the page touches the outer 3 mm; 8 mm beside the barcode stay white."""
    page = _page(label_pdf(EVERYBODY[who])).convert("L")
    dots = 203 / 25.4

    def ink(left: float, top: float, right: float, bottom: float) -> int:
        box = page.crop((left * dots, top * dots, right * dots, bottom * dots))
        return sum(box.histogram()[:128])

    for top, bottom in ((0, 20.5), (33.5, 91.5), (93, 105), (107, 152.4)):
        assert ink(0, top, 3, bottom) == 0
        assert ink(98.6, top, 101.6, bottom) == 0
    assert ink(0, 149.4, 101.6, 152.4) == 0
    assert ink(10, 110, 19, 138) == ink(82.5, 110, 92, 138) == 0


def test_the_label_says_from_whom_to_whom_and_what() -> None:
    text = _text(label_pdf(PLAIN))
    for words in (
        "Northwind Tea", "1 Dock Road, Leeds LS9 0AA, GB", "STANDARD", "Parcel 1 of 2", "Ada Cole", "12 Park Row", "Flat 3", "Leeds LS1 4AP",
        "UNITED KINGDOM", "#1001", "23 Nov 2026", "1.24 kg", "PY000000123",
    ):  # fmt: skip
        assert words in text


def test_a_long_address_still_shows_town_and_postcode() -> None:
    text = _text(label_pdf(LONG))
    assert "LL61 5UJ" in text
    assert "Llanfairpwllgwyngyllgogerychwyrndrobwll" in text.replace(" ", "").replace("-", "")


def test_unicode_names_are_drawn_with_real_glyphs() -> None:
    text = _text(label_pdf(UNICODE))
    assert "Żółć Gęślą-Jaźń" in text
    assert "Kraków 31-019" in text
    # The font travels in the file: the printer's computer need not have it.
    page = pypdfium2.PdfDocument(label_pdf(UNICODE))[0]
    texts = [thing.raw for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT])]
    embedded = [raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(thing)) for thing in texts]
    assert texts
    assert set(embedded) == {1}


def test_what_people_typed_stays_text() -> None:
    assert "<script>alert(1)</script>" in _text(label_pdf(HOSTILE))
    for size in ("a4", "4x6"):
        text = _text(slip_pdf(HOSTILE, size))
        for words in (
            "<img src=file:///etc/passwd>",
            "{{ 7*7 }}",
            "</style><h1>x",
            "<iframe src=http://127.0.0.1>",
            "&lt;",
            "<a href=x>y</a>",
        ):
            assert words.replace(" ", "") in text.replace(" ", "")


@pytest.mark.parametrize(("size", "millimetres"), [("a4", (210.0, 297.0)), ("4x6", (101.6, 152.4))])
@pytest.mark.parametrize("who", EVERYBODY)
def test_slips_have_their_exact_size_and_the_orders_barcode(
    who: str, size: str, millimetres: tuple[float, float]
) -> None:
    pdf = slip_pdf(EVERYBODY[who], size)
    assert _sizes(pdf) == {millimetres}
    kind = "DataMatrix" if who in ("unicode", "long") else "Code128"
    assert _codes(pdf) == [(kind, EVERYBODY[who].order_number)]
    assert len(pypdfium2.PdfDocument(pdf)) == (2 if who == "long" else 1)


@pytest.mark.parametrize("size", ["a4", "4x6"])
def test_a_slip_says_what_is_in_this_parcel_and_what_is_not(size: str) -> None:
    text = _text(slip_pdf(PLAIN, size))
    here, later = text.upper().split("IN ANOTHER PARCEL")
    assert "2 EARL GREY 100 G TIN TEA-100" in here
    assert "1 MUG BLUE MUG-BL" in here
    assert "STRAINER" not in here
    assert "1 MUG BLUE MUG-BL" in later
    assert "3 STRAINER STR-1" in later
    assert "TEA-100" not in later
    for words in (
        "Ada Cole", "Leeds LS1 4AP", "#1001", "placed on 20 November 2026", "Thank you for shopping with Northwind Tea.",
        "help@northwind.example", "+44 113 496 0000", "northwind.example", "Send it back within 30 days.", "Page 1 of 1", "Parcel 1 of 2",
    ):  # fmt: skip
        assert words in text
    assert not any(sign in text for sign in "£$€")


def test_a_slip_of_one_parcel_speaks_of_no_other() -> None:
    whole = replace(PLAIN, pieces=1, lines=PLAIN.lines[:1])
    assert "another parcel" not in _text(slip_pdf(whole, "a4")).lower()


def test_a_long_slip_repeats_its_head_and_counts_its_pages() -> None:
    many = replace(
        PLAIN, lines=tuple(SlipLine(f"S-{n:03d}", f"Thing {n}", "", n + 1, 0, 0) for n in range(90))
    )
    pdf = slip_pdf(many, "a4")
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 5
    last = document[4].get_textpage().get_text_range()
    assert "Page 5 of 5" in last
    assert "Order #1001" in last
    text = _text(pdf)
    assert all(f"S-{n:03d}" in text for n in range(90))
    assert text.count("In this parcel") >= 4


@pytest.mark.parametrize("colour", ["#f2b705", "#14213d", "#ffffff", "#000000", "#c1121f"])
def test_the_band_has_the_merchants_colour(colour: str) -> None:
    page = _page(slip_pdf(replace(PLAIN, sender=replace(ACME, brand_colour=colour)), "a4")).convert("RGB")
    expected = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    assert page.getpixel((8, 8)) == expected


def test_the_same_parcel_gives_the_same_bytes() -> None:
    assert render_papers(UNICODE) == render_papers(UNICODE)
    assert [(kind, media) for kind, media, _ in render_papers(PLAIN)] == [
        ("label_pdf", "application/pdf"), ("label_zpl", "application/zpl"), ("slip_a4", "application/pdf"), ("slip_4x6", "application/pdf"),
    ]  # fmt: skip


def test_zpl_says_the_same_as_the_label() -> None:
    lines = label_zpl(PLAIN).decode().splitlines()
    assert lines[:5] == ["^XA", "^CI28", "^PW812", "^LL1218", "^LH0,0"]
    assert lines[-2:] == ["^PQ1", "^XZ"]
    fields = [line.partition("^FD")[2].removesuffix("^FS") for line in lines if "^FD" in line]
    assert fields == [
        "Northwind Tea", "1 Dock Road, Leeds LS9 0AA, GB", "STANDARD", "SHIP TO", "Ada Cole", "12 Park Row", "Flat 3", "Leeds LS1 4AP",
        "UNITED KINGDOM", "Order #1001", "Parcel 1 of 2 2026-11-23 1.24 kg", "PY000000123", "PY000000123",
    ]  # fmt: skip
    assert "^FO160,900^BY4,2,210^BCN,210,N,N,N,A^FH^FDPY000000123^FS" in lines


@pytest.mark.parametrize("who", EVERYBODY)
def test_zpl_stays_on_its_label_and_holds_no_foreign_command(who: str) -> None:
    text = label_zpl(EVERYBODY[who]).decode()
    assert text.count("^XA") == text.count("^XZ") == 1
    assert "~" not in text
    tops = [int(line.split(",")[1].split("^")[0]) for line in text.splitlines() if line.startswith("^FO36,")]
    assert max(tops) <= 828
    assert sorted(tops) == tops
    for line in text.splitlines():
        if "^A0N,52,52" in line or "^A0N,48,48" in line:
            assert width_of(line.partition("^FD")[2].removesuffix("^FS")) <= 28


def test_zpl_escapes_commands_and_control_characters() -> None:
    assert escape("^XZ~JA_5E\\&\r\n\x7fä") == "_5EXZ_7EJA_5F5E_5C&_0D_0A_7Fä"
    text = label_zpl(HOSTILE).decode()
    assert "_5EXZ_7EJA_5F5E LS1 4AP" in text


@pytest.mark.parametrize(
    ("text", "columns", "most", "lines"),
    [
        ("", 10, 2, []),
        ("one two three", 7, 3, ["one two", "three"]),
        ("one two three", 7, 1, ["one..."]),
        ("abcdefghijkl", 5, 3, ["abcde", "fghij", "kl"]),
        ("abcdefghijkl", 5, 2, ["abcde", "fg..."]),
        ("a\x00b\tc\n d", 10, 1, ["a b c d"]),
        ("山田太郎山田", 8, 2, ["山田太郎", "山田"]),
        ("12 Oak", 6, 1, ["12 Oak"]),
    ],
)
def test_lines_break_at_blanks_then_in_words_then_end_in_dots(
    text: str, columns: int, most: int, lines: list[str]
) -> None:
    assert break_lines(text, columns=columns, most=most) == lines


@pytest.mark.parametrize("number", ["X" * 400, "№" * 300, "9" * 5000])
def test_an_order_number_that_no_barcode_carries_is_printed_without_one(number: str) -> None:
    pdf = slip_pdf(replace(PLAIN, order_number=number), "a4")
    assert _codes(pdf) == []
    assert number[:20] in _text(pdf)


def test_odd_characters_do_not_stop_a_box() -> None:
    for odd in ("\x01\x1f\u202eabc\ufeff", "\u2011" * 60, "😀👩‍👩‍👧‍👦" * 20, "a\u0301" * 50, "\u200b" * 100):
        papers = replace(PLAIN, name=odd, city=odd, street=(odd, odd), company=odd, order_number=odd[:40])
        made = {kind: data for kind, _, data in render_papers(papers)}
        assert _codes(made["label_pdf"]) == [("Code128", "PY000000123")]
        assert len(pypdfium2.PdfDocument(made["label_pdf"])) == 1
