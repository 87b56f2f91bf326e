"""One colour of a merchant in; every colour that its mails, pages and papers need out, each readable by arithmetic.

The hue is kept in OKLCH (B. Ottosson, "A perceptual color space for image processing", 2020) and only the lightness moves;
where a lighter or darker tone does not exist on a screen, it gets greyer. Contrast is that of WCAG 2.2.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

LIGHT_GROUNDS = ("#ffffff", "#f6f7f9", "#eef1f5")
"""Everything that brand text stands on by day: the style sheet's paper, ground and raised."""

DARK_GROUNDS = ("#181c23", "#101318", "#222833")
"""The same by night."""

TEXT_CONTRAST = 4.5
LINE_CONTRAST = 3.0

_BLACK, _WHITE = "#000000", "#ffffff"
_STEP = 1 / 256
_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class Palette:
    """A merchant's colours, all `#rrggbb`.

    `brand` fills, `on_brand` is written on it (black or white: for every colour one of the two reaches at least √21 = 4.58),
    `brand_text` and `brand_text_dark` are written on light and dark grounds (at least 4.5), `brand_line` draws edges on both (at least 3).
    """

    brand: str
    on_brand: str
    brand_text: str
    brand_text_dark: str
    brand_line: str


@lru_cache(maxsize=512)
def palette(colour: str) -> Palette:
    """Return the colours that follow from one; `ValueError` for anything but six hex digits after `#`."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        raise ValueError(f"A colour is # and six hex digits, not {colour!r}.")
    brand = colour.lower()
    return Palette(
        brand=brand,
        on_brand=max((_BLACK, _WHITE), key=lambda ink: contrast(ink, brand)),
        brand_text=_moved(brand, LIGHT_GROUNDS, TEXT_CONTRAST),
        brand_text_dark=_moved(brand, DARK_GROUNDS, TEXT_CONTRAST),
        brand_line=_moved(brand, LIGHT_GROUNDS + DARK_GROUNDS, LINE_CONTRAST),
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def hue(colour: str) -> float:
    """Return a colour's hue in OKLCH, in degrees."""
    _, a, b = _oklab(colour)
    return math.degrees(math.atan2(b, a)) % 360


def _moved(brand: str, grounds: tuple[str, ...], least: float) -> str:
    """Return the colour nearest in lightness that keeps the hue and reaches the contrast on every ground."""
    if _reaches(brand, grounds, least):
        return brand
    lightness, a, b = _oklab(brand)
    chroma, angle = math.hypot(a, b), math.atan2(b, a)
    for step in range(1, 257):
        for towards in (-step, step):
            tone = lightness + towards * _STEP
            if 0 <= tone <= 1:
                candidate = _on_screen(tone, chroma, angle)
                if _reaches(candidate, grounds, least):
                    return candidate
    raise AssertionError(f"No tone of {brand} reaches {least}.")  # the grounds leave a tone for every hue


def _reaches(colour: str, grounds: tuple[str, ...], least: float) -> bool:
    return all(contrast(colour, ground) >= least for ground in grounds)


def _on_screen(lightness: float, chroma: float, angle: float) -> str:
    """Return the most colourful tone of this lightness and hue that a screen can show, up to `chroma`."""
    low, high = 0.0, 1.0
    if _fits(_linear_rgb(lightness, chroma, angle)):
        low = 1.0
    else:
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if _fits(_linear_rgb(lightness, chroma * middle, angle)):
                low = middle
            else:
                high = middle
    channels = (_encoded(value) for value in _linear_rgb(lightness, chroma * low, angle))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _fits(rgb: tuple[float, float, float]) -> bool:
    return all(-1e-4 <= value <= 1 + 1e-4 for value in rgb)


def _channels(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue as amounts of light from 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _decoded(red), _decoded(green), _decoded(blue)


def _decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(value: float) -> int:
    value = min(1.0, max(0.0, value))
    return round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))


def _luminance(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _oklab(colour: str) -> tuple[float, float, float]:
    red, green, blue = _channels(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear_rgb(lightness: float, chroma: float, angle: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(angle), chroma * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
