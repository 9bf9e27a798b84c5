"""Draws the avatars of the demo: flat pictures in a few colours. This module knows no people."""

from collections.abc import Callable
from io import BytesIO
from math import cos, radians, sin
from typing import TypeAlias

from PIL import Image, ImageDraw

SIDE = 512
"""In pixels, twice the stored size, so that edges become smooth."""

_Pen: TypeAlias = ImageDraw.ImageDraw


def draw(name: str) -> bytes:
    """Return the portrait of that name, as a PNG. Raises KeyError."""
    paint = _PORTRAITS[name]
    picture = Image.new("RGB", (SIDE, SIDE))
    paint(ImageDraw.Draw(picture))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _sky(pen: _Pen, top: tuple[int, int, int], bottom: tuple[int, int, int]) -> None:
    for y in range(SIDE):
        share = y / SIDE
        pen.line((0, y, SIDE, y), tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)))


def _disc(pen: _Pen, x: int, y: int, radius: int, colour: str) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


def _mountains(pen: _Pen) -> None:
    _sky(pen, (255, 190, 140), (255, 226, 196))
    _disc(pen, 350, 170, 58, "#ff8f5a")
    pen.polygon([(-40, 430), (160, 170), (360, 430)], "#6f7fb0")
    pen.polygon([(160, 170), (112, 232), (146, 226), (164, 250), (182, 224), (208, 232)], "#ffffff")
    pen.polygon([(180, 450), (370, 240), (560, 450)], "#54639a")
    pen.rectangle((0, 400, SIDE, SIDE), "#3c4a7d")


def _sea(pen: _Pen) -> None:
    _sky(pen, (120, 200, 235), (214, 240, 248))
    _disc(pen, 140, 150, 52, "#ffe08a")
    for place, colour in enumerate(("#3f9fc4", "#2c83ab", "#1f678d")):
        level = 270 + place * 80
        pen.rectangle((0, level, SIDE, SIDE), colour)
        for x in range(-40 - place * 30, SIDE, 128):
            pen.chord((x, level - 40, x + 128, level + 40), 180, 360, colour)
    pen.polygon([(300, 110), (300, 270), (400, 270)], "#ffffff")
    pen.polygon([(252, 282), (414, 282), (380, 322), (284, 322)], "#a4462f")


def _cat(pen: _Pen) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "#f3d9b1")
    pen.polygon([(120, 110), (130, 300), (250, 200)], "#3b3a45")
    pen.polygon([(392, 110), (382, 300), (262, 200)], "#3b3a45")
    pen.ellipse((106, 170, 406, 440), "#3b3a45")
    for x in (200, 312):
        pen.ellipse((x - 34, 258, x + 34, 326), "#b7d968")
        pen.ellipse((x - 10, 260, x + 10, 324), "#1b1a20")
    pen.polygon([(238, 348), (274, 348), (256, 372)], "#e88a92")
    for y in (350, 376):
        pen.line((60, y - 6, 200, y), "#f7f1e8", 5)
        pen.line((452, y - 6, 312, y), "#f7f1e8", 5)


def _leaf(pen: _Pen) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "#dcefdc")
    turn = [radians(degree) for degree in range(0, 91, 5)]
    upper = [(400 - 280 * cos(angle), 400 - 280 * sin(angle)) for angle in turn]  # from the stem to the tip
    lower = [(120 + 280 * cos(angle), 120 + 280 * sin(angle)) for angle in turn]  # and back
    pen.polygon(upper + lower, "#4f9d69")
    pen.line((92, 428, 356, 164), "#dcefdc", 14)
    for step in (0, 60, 120):
        pen.line((180 + step, 340 - step, 180 + step, 270 - step), "#dcefdc", 9)
        pen.line((180 + step, 340 - step, 250 + step, 340 - step), "#dcefdc", 9)


def _moon(pen: _Pen) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "#353067")
    _disc(pen, 270, 230, 128, "#ffe9b0")
    _disc(pen, 330, 196, 112, "#353067")
    for x, y, radius in ((90, 110, 6), (420, 350, 7), (400, 90, 5), (120, 400, 5), (210, 440, 4), (60, 260, 4)):
        _disc(pen, x, y, radius, "#ffffff")


def _sun(pen: _Pen) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "#ff7a59")
    for start in range(0, 360, 30):
        pen.pieslice((16, 16, 496, 496), start, start + 15, "#ffb26b")
    _disc(pen, 256, 256, 130, "#ffe27a")
    for x in (212, 300):
        _disc(pen, x, 236, 13, "#8a4b2a")
    pen.arc((196, 220, 316, 330), 20, 160, "#8a4b2a", 12)


def _tent(pen: _Pen) -> None:
    _sky(pen, (22, 58, 80), (64, 120, 130))
    pen.rectangle((0, 390, SIDE, SIDE), "#1d3b35")
    for x, height in ((70, 210), (130, 150), (430, 230), (480, 150)):
        pen.polygon([(x - 50, 392), (x, 392 - height), (x + 50, 392)], "#16302b")
    pen.polygon([(110, 410), (256, 180), (402, 410)], "#f2b84b")
    pen.polygon([(210, 410), (256, 262), (302, 410)], "#7b4a1e")


def _robot(pen: _Pen) -> None:
    pen.rectangle((0, 0, SIDE, SIDE), "#cfd8e6")
    pen.line((256, 80, 256, 170), "#5b6b84", 14)
    _disc(pen, 256, 82, 24, "#ff6b6b")
    pen.rounded_rectangle((116, 160, 396, 410), 48, "#5b6b84")
    pen.rounded_rectangle((150, 210, 362, 316), 36, "#1f2a3c")
    for x in (210, 302):
        _disc(pen, x, 263, 24, "#7df0d0")
    for x in range(196, 330, 30):
        pen.rectangle((x, 346, x + 14, 376), "#cfd8e6")


_PORTRAITS: dict[str, Callable[[_Pen], None]] = {
    "mountains": _mountains,
    "sea": _sea,
    "cat": _cat,
    "leaf": _leaf,
    "moon": _moon,
    "sun": _sun,
    "tent": _tent,
    "robot": _robot,
}
