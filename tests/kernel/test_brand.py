"""Whatever colour a merchant chooses, what is written in it can be read."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest

from portal.kernel.brand import DARK_GROUNDS, LIGHT_GROUNDS, Palette, contrast, hue, palette

STYLE_SHEET = Path(__file__).parents[2] / "portal/web/static/parcelyard.css"

GRID = [
    "#" + "".join(f"{c:02x}" for c in rgb) for rgb in itertools.product((0, 51, 102, 153, 204, 255), repeat=3)
]
RANDOM = [f"#{random.Random(number).randrange(1 << 24):06x}" for number in range(400)]


def test_the_ratio_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#1f4b99", "#1f4b99") == 1.0


def test_every_pair_of_every_colour_can_be_read():
    for colour in GRID + RANDOM:
        made = palette(colour)
        assert made.brand == colour
        assert made.on_brand in ("#000000", "#ffffff")
        assert contrast(made.on_brand, made.brand) >= 4.58, colour
        for ground in LIGHT_GROUNDS:
            assert contrast(made.brand_text, ground) >= 4.5, (colour, ground)
        for ground in DARK_GROUNDS:
            assert contrast(made.brand_text_dark, ground) >= 4.5, (colour, ground)
        for ground in LIGHT_GROUNDS + DARK_GROUNDS:
            assert contrast(made.brand_line, ground) >= 3, (colour, ground)


def test_the_hue_stays():
    for colour in ("#ffd400", "#e4002b", "#1f4b99", "#00a859", "#7b2d8b", "#ff6f00"):
        made = palette(colour)
        for tone in (made.brand_text, made.brand_text_dark, made.brand_line):
            turned = abs(hue(tone) - hue(colour))
            assert min(turned, 360 - turned) < 4, (colour, tone)


def test_a_colour_that_can_be_read_already_stays_as_it_is():
    assert palette("#1F4B99") == Palette(
        brand="#1f4b99", on_brand="#ffffff", brand_text="#1f4b99", brand_text_dark=palette("#1f4b99").brand_text_dark,
        brand_line=palette("#1f4b99").brand_line,
    )  # fmt: skip
    assert palette("#ffd400").brand_text_dark == "#ffd400"


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1234567", "1f4b99", "#1f4b99;"])
def test_anything_else_is_no_colour(text: str):
    with pytest.raises(ValueError, match="six hex digits"):
        palette(text)


def test_the_grounds_are_those_of_the_style_sheet():
    tokens = {
        name: (light, dark)
        for name, light, dark in re.findall(
            r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", STYLE_SHEET.read_text()
        )
    }
    names = ("paper", "ground", "raised")
    assert tuple(tokens[name][0] for name in names) == LIGHT_GROUNDS
    assert tuple(tokens[name][1] for name in names) == DARK_GROUNDS
