"""Damaged pictures that every browser shows are accepted; pictures with a missing part are refused."""

import struct
import time
import zlib
from itertools import pairwise

import pytest
from PIL import Image, ImageCms

from builders import issues_of
from minichat.adapters.pictures import PillowPictures
from pictures import (
    BLUE,
    GIF,
    GREEN,
    JPEG,
    PNG,
    RED,
    WEBP,
    WHITE,
    chunk,
    corners,
    decoded,
    encoded,
    pixel,
    png,
    quarters,
)

GREY = Image.new("L", (128, 64))
UPRIGHT = [RED, GREEN, BLUE, WHITE]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LARGE = encoded(quarters(300), "JPEG")
PROGRESSIVE = encoded(quarters(300), "JPEG", progressive=True)
PIXELS = PNG.index(b"IDAT") - 4


def wrong(part):
    """The chunk with a wrong checksum."""
    return part[:-4] + bytes(255 - byte for byte in part[-4:])


def png_with(*parts):
    """The PNG with these chunks between its header and its pixels."""
    return PNG[:PIXELS] + b"".join(parts) + PNG[PIXELS:]


def jpeg_with(marker, body, *, junk=b""):
    """The JPEG with this segment behind its first one."""
    return JPEG[:20] + junk + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + JPEG[20:]


def in_pieces(size):
    """The PNG with its pixels in many chunks."""
    pixels = PNG[PIXELS + 8 : -16]
    cuts = [*range(0, len(pixels), size), len(pixels)]
    return PNG[:PIXELS] + b"".join(chunk(b"IDAT", pixels[a:b]) for a, b in pairwise(cuts)) + PNG[-12:]


SHOWN = {
    "a JPEG without its end": JPEG[:-2],
    "a JPEG with half of its end": JPEG[:-1],
    "a JPEG without its last pixels": JPEG[:-10],
    "a large JPEG without its end": LARGE[:-2],
    "a large JPEG without its last pixels": LARGE[:-40],
    "a progressive JPEG without its end": PROGRESSIVE[:-2],
    "a progressive JPEG without its last scan": PROGRESSIVE[: PROGRESSIVE.rindex(b"\xff\xda")],
    "a grey JPEG without its end": encoded(quarters(), "JPEG")[:-2] + bytes(3),
    "a JPEG of CMYK without its end": encoded(quarters().convert("CMYK"), "JPEG")[:-2],
    "a JPEG with a video behind it": JPEG + b"\0\0\0\x18ftypmp42" + bytes(1000),
    "a JPEG with junk between segments": JPEG[:20] + b"junk" + JPEG[20:],
    "a JPEG with padding between segments": JPEG[:20] + b"\xff" * 5 + JPEG[20:],
    "a JPEG with a short JFIF": JPEG[:2] + b"\xff\xe0\x00\x07JFIF\0" + JPEG[20:],
    "a JPEG without JFIF": JPEG[:2] + JPEG[20:],
    "a JPEG with a short Adobe segment": jpeg_with(0xEE, b"Adobe"),
    "a JPEG with a cut Photoshop segment": jpeg_with(0xED, b"Photoshop 3.0\x008BIM\x04\xff"),
    "a JPEG with a part of a profile": jpeg_with(0xE2, b"ICC_PROFILE\0\x01\x02" + PROFILE[:99]),
    "a JPEG with a broken profile": jpeg_with(0xE2, b"ICC_PROFILE\0\x01\x01junk"),
    "a JPEG with an empty profile": jpeg_with(0xE2, b"ICC_PROFILE\0"),
    "a JPEG with a broken index of pictures": jpeg_with(0xE2, b"MPF\0abcd"),
    "a JPEG with broken EXIF": jpeg_with(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "a JPEG with empty EXIF": jpeg_with(0xE1, b"Exif\0\0"),
    "a JPEG with XMP": jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x"),
    "a JPEG with a scan in its thumbnail": jpeg_with(0xE1, b"Exif\0\0" + JPEG),
    "a JPEG with a segment of no length": JPEG[:20] + b"\xff\xe5\0\0" + JPEG[20:],
    "several pictures in one": encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]),
    "a JPEG of CMYK with a profile of RGB": encoded(quarters().convert("CMYK"), "JPEG", icc_profile=PROFILE),
    "a progressive JPEG": PROGRESSIVE,
    "a PNG with a wrong checksum in a text": png_with(wrong(chunk(b"tEXt", b"a\0b"))),
    "a PNG with a wrong checksum in a long text": png_with(wrong(chunk(b"iTXt", b"a\0\0\0\0\0b"))),
    "a PNG with a wrong checksum in its gamma": png_with(wrong(chunk(b"gAMA", struct.pack(">I", 45455)))),
    "a PNG with a wrong checksum in its profile": png_with(wrong(chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILE)))),
    "a PNG with a wrong checksum in its transparency": png_with(wrong(chunk(b"tRNS", bytes(6)))),
    "a PNG with a wrong checksum behind its pixels": PNG[:-12] + wrong(chunk(b"tEXt", b"a\0b")) + PNG[-12:],
    "a PNG with a wrong checksum of its pixels": PNG[:-16] + bytes(4) + PNG[-12:],
    "a PNG with a wrong checksum at its end": PNG[:-4] + bytes(4),
    "a PNG with a wrong checksum of its compressed pixels": PNG[:PIXELS]
    + chunk(b"IDAT", PNG[PIXELS + 8 : -20] + bytes(4))
    + PNG[-12:],
    "a PNG without a checksum of its compressed pixels": PNG[:PIXELS]
    + chunk(b"IDAT", PNG[PIXELS + 8 : -20])
    + PNG[-12:],
    "a PNG without an end": PNG[:-12],
    "a PNG with half of an end": PNG[:-8],
    "a PNG with a text between its pixels": PNG[:PIXELS] + in_pieces(40)[PIXELS:].replace(
        chunk(b"IEND"), chunk(b"tEXt", b"a\0b") + chunk(b"IEND")
    ),
    "a PNG of many pieces": in_pieces(1),
    "a PNG with an empty piece": PNG[:PIXELS] + chunk(b"IDAT") + PNG[PIXELS:],
    "a PNG with an unknown critical chunk": png_with(chunk(b"ABCD", b"x")),
    "a PNG with a large compressed text": png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000)))),
    "a PNG with a large international text": png_with(chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(3_000_000)))),
    "a PNG with a large profile": png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(3_000_000)))),
    "a PNG with an unknown compression": png_with(chunk(b"zTXt", b"a\0\x07xx"), chunk(b"iCCP", b"a\0\x07xx")),
    "a PNG with a cut profile": png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(PROFILE)[:50])),
    "a PNG with a profile without a name": png_with(chunk(b"iCCP", b"\0\0" + zlib.compress(PROFILE))),
    "a PNG with two profiles": png_with(*[chunk(b"iCCP", b"a\0\0" + zlib.compress(PROFILE))] * 2),
    "a PNG with transparency of a wrong length": png_with(chunk(b"tRNS", b"x")),
    "a PNG with empty transparency": png_with(chunk(b"tRNS")),
    "an animated PNG": encoded(quarters(), "PNG", save_all=True, append_images=[quarters().rotate(90)]),
    "an animated PNG without frames": png_with(chunk(b"acTL", bytes(8))),
    "an animated PNG with a frame too early": png_with(chunk(b"fdAT", b"xxxxx")),
    "a PNG behind which bytes follow": PNG + b"junk" * 100,
    **{
        f"a PNG with a short {name.decode()}": png_with(chunk(name, b"a"))
        for name in (b"gAMA", b"pHYs", b"cHRM", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"tIME", b"sBIT", b"bKGD")
    },
    "a PNG with an empty sRGB": png_with(chunk(b"sRGB")),
    "a GIF without its end": GIF[:-1],
    "a GIF without the end of its frame": GIF[:-2],
    "a GIF behind which bytes follow": GIF + b"junk",
    "a GIF whose frame is larger than its screen": GIF[:6] + struct.pack("<HH", 1, 1) + GIF[10:],
    "a GIF with a screen of no size": GIF[:6] + bytes(4) + GIF[10:],
    "a GIF with a cut second frame": encoded(quarters(), "GIF", save_all=True, append_images=[GREY])[:-20],
    "an animated WebP": encoded(quarters(), "WEBP", save_all=True, append_images=[quarters().rotate(90)]),
    "a WebP with a wrong size in its header": WEBP[:4] + struct.pack("<I", len(WEBP) + 100) + WEBP[8:],
    "a WebP behind which bytes follow": WEBP + b"junk",
}  # fmt: skip
REFUSED = {
    "half a large JPEG": LARGE[: len(LARGE) // 2],
    "a JPEG without pixels": LARGE[: LARGE.index(b"\xff\xda")],
    "a JPEG with the head of its pixels alone": LARGE[: LARGE.index(b"\xff\xda") + 14],
    "a progressive JPEG without its second half of the first scan": PROGRESSIVE[: PROGRESSIVE.index(b"\xff\xda") + 200],
    "a JPEG with a segment beyond its end": JPEG[:20] + b"\xff\xe5\xff\xff" + JPEG[20:],
    "a PNG with a wrong checksum of its palette": wrong(encoded(quarters().convert("P"), "PNG")[:49]),
    "a PNG without a part of its pixels": PNG[:PIXELS] + chunk(b"IDAT", PNG[PIXELS + 8 : -60]) + PNG[-12:],
    "a PNG without pixels but with two ends": PNG[:PIXELS] + PNG[-12:] * 2,
    "a GIF without a part of its pixels": GIF[: len(GIF) * 3 // 4],
    "a WebP without a part of its pixels": WEBP[: len(WEBP) * 3 // 4],
}
SLOW = {
    "a PNG of empty chunks": PNG[:PIXELS] + chunk(b"IDAT") * 160_000 + PNG[PIXELS:],
    "a PNG of small texts": PNG[:PIXELS] + chunk(b"tEXt", b"a\0b") * 130_000 + PNG[PIXELS:],
    "a PNG of small profiles": PNG[:PIXELS] + chunk(b"iCCP", b"a") * 130_000 + PNG[PIXELS:],
    "a JPEG of empty segments": JPEG[:20] + b"\xff\xe5\0\2" * 500_000 + JPEG[20:],
    "a JPEG of markers": JPEG[:20] + b"\xff\xd0" * 1_000_000 + JPEG[20:],
    "a JPEG of padding": JPEG[:20] + b"\xff" * 2_000_000 + JPEG[20:],
    "a JPEG of ends": JPEG[:-2] + b"\xff\xd9" * 1_000_000,
}


@pytest.fixture(scope="module")
def pictures():
    return PillowPictures()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", SHOWN)
def test_a_damaged_picture_that_browsers_show_is_accepted(pictures, name):
    assert corners(pictures.square(SHOWN[name])) == UPRIGHT


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_without_a_part_of_its_pixels_is_refused(pictures, name):
    assert issues_of(lambda: pictures.square(REFUSED[name])) == {"file": ["not_a_picture"]}


@pytest.mark.parametrize("name", SLOW)
def test_a_file_of_very_many_parts_is_read_in_bounded_time(pictures, name):
    started = time.thread_time()
    issues_of(lambda: pictures.square(SLOW[name]))
    assert time.thread_time() - started < 4


DEEP = b"\xff\xff\0\0\x80\0"
TWO_COLOURS = chunk(b"PLTE", bytes((*RED, *GREEN)))


@pytest.mark.parametrize(
    ("file", "opacity"),
    [
        (png(2, 2, chunk(b"tRNS", b"\0\1"), depth=1, colour=0, rows=b"\0\xc0\0\xc0"), 0),
        (png(2, 2, chunk(b"tRNS", b"\0\1"), depth=2, colour=0, rows=b"\0\x50\0\x50"), 0),
        (png(2, 2, chunk(b"tRNS", b"\0\2"), depth=2, colour=0, rows=b"\0\x50\0\x50"), 255),
        (png(2, 2, chunk(b"tRNS", b"\0\7"), depth=4, colour=0, rows=b"\0\x77\0\x77"), 0),
        (png(2, 2, chunk(b"tRNS", b"\0\6"), depth=4, colour=0, rows=b"\0\x77\0\x77"), 255),
        (png(2, 2, chunk(b"tRNS", b"\0\x80"), depth=8, colour=0, rows=b"\0\x80\x80" * 2), 0),
        (png(2, 2, chunk(b"tRNS", b"\x80\0"), depth=16, colour=0, rows=b"\0\x80\0\x80\0" * 2), 0),
        (png(2, 2, chunk(b"tRNS", b"\0\xff\0\0\0\x80"), colour=2, rows=b"\0\xff\0\x80\xff\0\x80" * 2), 0),
        (
            png(2, 2, chunk(b"tRNS", DEEP), depth=16, colour=2, rows=(b"\0" + DEEP * 2) * 2),
            0,
        ),
        (png(2, 2, TWO_COLOURS, chunk(b"tRNS", b"\xff\0"), depth=1, colour=3, rows=b"\0\xc0\0\xc0"), 0),
        (png(2, 2, TWO_COLOURS, chunk(b"tRNS", b"\xff\0"), depth=2, colour=3, rows=b"\0\x50\0\x50"), 0),
        (png(2, 2, TWO_COLOURS, chunk(b"tRNS", b"\xff\0"), depth=4, colour=3, rows=b"\0\x11\0\x11"), 0),
        (png(2, 2, TWO_COLOURS, chunk(b"tRNS", b"\xff\x80"), depth=8, colour=3, rows=b"\0\1\1" * 2), 128),
        (png(2, 2, TWO_COLOURS, chunk(b"tRNS", bytes(300)), depth=8, colour=3, rows=b"\0\1\1" * 2), 255),
        (png(2, 2, chunk(b"tRNS", bytes(6)), colour=6, rows=b"\0" + bytes(8) + b"\0" + bytes(8)), 0),
    ],
    ids=[
        "1 bit", "2 bits", "2 bits, another grey", "4 bits", "4 bits, another grey", "8 bits", "16 bits",
        "colour", "colour of 16 bits", "palette of 1 bit", "palette of 2 bits", "palette of 4 bits",
        "half-transparent palette", "transparency longer than the palette", "beside an alpha channel",
    ],
)  # fmt: skip
def test_a_png_of_every_depth_keeps_its_transparency(pictures, file, opacity):
    shown = pixel(decoded(pictures.square(file)).convert("RGBA"), 128, 128)
    assert shown[3] == pytest.approx(opacity, abs=1)


@pytest.mark.parametrize("interlace", [0, 1])
def test_an_interlaced_png_is_accepted(pictures, interlace):
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, interlace)
    file = PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" + bytes(RED))) + chunk(b"IEND")
    assert corners(pictures.square(file)) == [RED] * 4
