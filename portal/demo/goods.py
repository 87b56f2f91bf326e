"""The demo's merchants and what they sell. Names are invented; barcodes are EAN-13 in the range kept for use inside a company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoMerchant:
    """A merchant of the demo, with its look and its SKUs as (code, name, weight in g, price in minor units)."""

    code: str
    name: str
    colour: str
    host: str
    phone: str
    postal: str
    policy: str
    return_days: int
    currency: str
    prefix: str
    skus: tuple[tuple[str, str, int, int], ...]


def ean13(number: int) -> str:
    """Return the EAN-13 with this number after the in-company prefix 20 (GS1 General Specifications, section 7.9: check digit)."""
    digits = f"20{number:010d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


MERCHANTS = (
    DemoMerchant(
        code="JUNIPER", name="Juniper & Rye", colour="#b3261e", host="juniper.example", phone="+44 20 7946 0011",
        postal="Juniper & Rye, 1 Mill Lane, Leeds LS1 1AA", policy="Return anything unused within 30 days; we pay the postage.",
        return_days=30, currency="GBP", prefix="JR-",
        skus=(
            ("MUG-BLK", "Stoneware mug, black", 420, 1800), ("MUG-SND", "Stoneware mug, sand", 420, 1800),
            ("MUG-SET4", "Stoneware mugs, set of four", 1750, 6400), ("BOWL-S", "Breakfast bowl", 510, 2100),
            ("BOWL-L", "Serving bowl", 1320, 4400), ("PLATE-27", "Dinner plate 27 cm", 780, 2400),
            ("TEAPOT-1L", "Cast iron teapot 1 l", 1460, 5900), ("TEA-EARL-250", "Earl Grey loose tea 250 g", 290, 1250),
            ("TEA-ASSAM-250", "Assam loose tea 250 g", 290, 1150), ("TEA-MINT-100", "Garden mint tea 100 g", 140, 750),
            ("COFFEE-HSE-1K", "House espresso 1 kg", 1040, 2600), ("COFFEE-DEC-250", "Decaf filter 250 g", 280, 950),
            ("KETTLE-GN", "Gooseneck kettle", 1180, 7900), ("SPOON-OAK", "Oak serving spoon", 90, 1200),
            ("BOARD-OAK", "Oak chopping board", 1900, 4900), ("APRON-NVY", "Linen apron, navy", 310, 3900),
            ("TOWEL-TEA2", "Tea towels, pair", 180, 1600), ("HONEY-340", "Heather honey 340 g", 560, 1100),
            ("JAM-DAMSON", "Damson jam 300 g", 520, 650), ("CANDLE-RYE", "Rye candle", 340, 2200),
        ),
    ),
    DemoMerchant(
        code="LINEN", name="Linen & Leaf", colour="#2f6b4f", host="linenleaf.example", phone="+1 617 555 0142",
        postal="Linen & Leaf, 40 Harbor Street, Cambridge MA 02139", policy="Plain pieces come back free within 45 days; monogrammed ones are yours to keep.",
        return_days=45, currency="USD", prefix="#LL",
        skus=(
            ("TWL-BATH-WHT", "Bath towel, white", 640, 2400), ("TWL-BATH-SGE", "Bath towel, sage", 640, 2400),
            ("TWL-HAND-WHT", "Hand towel, white", 230, 1200), ("TWL-HAND-SGE", "Hand towel, sage", 230, 1200),
            ("TWL-MONO", "Monogrammed towel", 640, 3900), ("ROBE-S", "Waffle robe S", 980, 8900), ("ROBE-M", "Waffle robe M", 1040, 8900),
            ("ROBE-L", "Waffle robe L", 1110, 8900), ("SHEET-Q-WHT", "Linen sheet queen, white", 1350, 13900),
            ("SHEET-K-WHT", "Linen sheet king, white", 1580, 15900), ("PILLOW-STD", "Linen pillowcase, pair", 320, 5400),
            ("DUVET-Q", "Duvet cover queen", 1720, 18900), ("THROW-OAT", "Wool throw, oat", 1150, 12900),
            ("NAPKIN-6", "Napkins, set of six", 290, 4200), ("CLOTH-TBL", "Tablecloth 160 × 250", 720, 9800),
            ("SOAP-OLIVE", "Olive soap", 130, 900), ("SPRAY-LAV", "Lavender linen spray", 260, 1900), ("BAG-LAUNDRY", "Laundry bag", 350, 2900),
            ("MAT-BATH", "Bath mat", 780, 3600), ("SACHET-3", "Cedar sachets, three", 90, 1400),
        ),
    ),
    DemoMerchant(
        code="NORDPEAK", name="Nordpeak", colour="#12507b", host="nordpeak.example", phone="+49 30 9018 2077",
        postal="Nordpeak GmbH, Lindenufer 8, 10115 Berlin", policy="60 days to try it outside. Send it back as it is.", return_days=60,
        currency="EUR", prefix="NP",
        skus=(
            ("BTL-750-STL", "Steel bottle 750 ml", 360, 2900), ("BTL-750-MOS", "Steel bottle 750 ml, moss", 360, 2900),
            ("LAMP-HEAD-4", "Head lamp 400 lm", 96, 4500), ("STOVE-GAS", "Gas stove", 110, 5900), ("POT-TI-900", "Titanium pot 900 ml", 130, 6900),
            ("SPORK-TI", "Titanium spork", 17, 1200), ("MAT-SLEEP", "Sleeping mat", 480, 8900), ("BAG-SLEEP-0", "Sleeping bag 0 °C", 1150, 17900),
            ("TENT-2", "Tent for two", 2100, 34900), ("PEG-12", "Tent pegs, twelve", 190, 1900), ("ROPE-30", "Rope 30 m", 1860, 9900),
            ("CARAB-6", "Carabiners, six", 260, 4900), ("SOCK-M", "Merino socks M", 80, 1900), ("SOCK-L", "Merino socks L", 86, 1900),
            ("BEANIE-GRY", "Beanie, grey", 70, 2400), ("GLOVE-M", "Shell gloves M", 140, 5400), ("PACK-32", "Rucksack 32 l", 1240, 12900),
            ("FILTER-H2O", "Water filter", 88, 4200), ("KIT-AID", "First-aid kit", 310, 3400), ("MAP-HARZ", "Map, Harz 1:50,000", 95, 1290),
        ),
    ),
    DemoMerchant(
        code="PAPERKITE", name="Paper Kite Press", colour="#f2b705", host="paperkite.example", phone="+1 503 555 0176",
        postal="Paper Kite Press, 9 Burnside Court, Portland OR 97209", policy="Prints and papers come back within 14 days, flat and unframed.",
        return_days=14, currency="USD", prefix="PK-",
        skus=(
            ("NOTE-A5-DOT", "Notebook A5, dotted", 310, 1600), ("NOTE-A5-RUL", "Notebook A5, ruled", 310, 1600),
            ("NOTE-A6-3", "Pocket notebooks, three", 180, 1400),
            ("PEN-FTN-F", "Fountain pen, fine", 34, 4900), ("PEN-FTN-M", "Fountain pen, medium", 34, 4900),
            ("INK-BLU-50", "Ink, harbour blue 50 ml", 160, 1500),
            ("INK-BLK-50", "Ink, soot black 50 ml", 160, 1500), ("CARD-THX-10", "Thank-you cards, ten", 150, 1800),
            ("CARD-BDY-5", "Birthday cards, five", 80, 1200),
            ("PRINT-HERON", "Print, grey heron A3", 240, 3200), ("PRINT-FERN", "Print, fern A3", 240, 3200), ("PRINT-MOON", "Print, moon chart A2", 420, 4800),
            ("FRAME-A3-OAK", "Oak frame A3", 1380, 5400), ("STAMP-KIT", "Rubber stamp kit", 390, 2900), ("WASHI-5", "Washi tape, five", 110, 1300),
            ("WRAP-KRAFT", "Kraft wrap 10 m", 460, 1100), ("CAL-2027", "Wall calendar 2027", 340, 2600), ("PLAN-WEEK", "Weekly planner", 290, 1900),
            ("CHQ-BOX-100", "Personal cheques, box of 100", 610, 2900), ("STICK-SHEET", "Sticker sheets, four", 60, 900),
        ),
    ),
)  # fmt: skip

RECIPIENTS = (
    ("Ada Lindqvist", "14 Maple Avenue", "Cambridge", "MA", "02139", "US", "+1 617 555 0101"),
    ("Björn O'Neill", "3 Harbour Row", "Leeds", "", "LS1 4AP", "GB", "+44 113 496 0102"),
    ("Chloé Dvořák", "22 rue des Lilas", "Lyon", "", "69003", "FR", "+33 4 99 00 01 03"),
    ("Mary Jane Van der Berg", "7 Kerkstraat", "Utrecht", "", "3511 KJ", "NL", "+31 30 799 0104"),
    ("Hiro Nakamura", "88 Cedar Street, Apt 4", "Seattle", "WA", "98101", "US", "+1 206 555 0105"),
    ("Inés Castañeda", "5 Calle del Olmo", "Madrid", "", "28012", "ES", "+34 910 00 01 06"),
    ("Kofi Okafor", "41 Lark Hill", "Bristol", "", "BS6 5QA", "GB", "+44 117 496 0107"),
    ("Léa Moreau", "9 avenue du Parc", "Montréal", "QC", "H2X 1Y4", "CA", "+1 514 555 0108"),
    ("Jonas Albrecht", "Lindenufer 12", "Berlin", "", "10115", "DE", "+49 30 9018 2009"),
    ("Priya Raman", "60 Orchard Court", "Austin", "TX", "78701", "US", "+1 512 555 0110"),
    ("Tomasz Wiśniewski", "ul. Polna 18", "Kraków", "", "30-045", "PL", "+48 12 345 01 11"),
    ("Grace Abara", "2 Station Road", "Manchester", "", "M1 2AP", "GB", "+44 161 496 0112"),
)
