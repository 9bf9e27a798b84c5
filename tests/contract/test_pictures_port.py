"""The port `PictureProcessor`: accepted formats, converted pictures, and hostile files."""

import random
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from builders import issues_of
from minichat.adapters.memory import PlainPictures
from minichat.adapters.pictures import PillowPictures
from pictures import (
    BLUE,
    GIF,
    GOOD,
    GPS,
    GREEN,
    HOSTILE,
    JPEG,
    MAKER,
    NO_PICTURES,
    ORIENTATION,
    PAYLOAD,
    PNG,
    RED,
    TOO_LARGE,
    WHITE,
    chunk,
    corners,
    decoded,
    encoded,
    pixel,
    png,
    quarters,
)

UPRIGHT = [RED, GREEN, BLUE, WHITE]


@pytest.fixture(scope="module")
def pictures():
    return PillowPictures()


@pytest.fixture(params=[PillowPictures, PlainPictures])
def any_pictures(request):
    return request.param()


def test_a_png_is_a_picture(any_pictures):
    assert any_pictures.square(PNG)


@pytest.mark.parametrize("name", ["nothing", "text", "SVG"])
def test_a_file_that_is_no_picture_is_refused(any_pictures, name):
    assert issues_of(lambda: any_pictures.square(NO_PICTURES[name])) == {"file": ["not_a_picture"]}


def test_one_is_made_at_a_time_as_each_takes_much_memory():
    begun, go_on = threading.Semaphore(0), threading.Event()

    def making(_function):
        begun.release()
        assert go_on.wait(10)
        return b"square"

    pictures = PillowPictures(making)
    with ThreadPoolExecutor(2) as people:
        try:
            running = [people.submit(pictures.square, PNG) for _ in range(2)]
            assert begun.acquire(timeout=10)
            assert not begun.acquire(timeout=0.1)
        finally:
            go_on.set()
    assert [one.result() for one in running] == [b"square"] * 2


# Conversion


@pytest.mark.parametrize("kind", GOOD)
def test_the_centre_of_a_picture_becomes_a_square_of_256_pixels_in_webp(pictures, kind):
    made = pictures.square(GOOD[kind])
    assert (decoded(made).format, decoded(made).size) == ("WEBP", (256, 256))
    assert corners(made) == UPRIGHT


@pytest.mark.parametrize("size", [(1, 1), (1, 4096), (4096, 1), (3, 2), (4096, 4096)])
def test_a_picture_of_any_size_becomes_the_square(pictures, size):
    made = pictures.square(encoded(Image.new("RGB", size, RED), "PNG"))
    assert (decoded(made).size, corners(made)) == ((256, 256), [RED] * 4)


@pytest.mark.parametrize("size", [300, 700, 1500, 4000])
def test_a_large_jpeg_is_cut_where_a_small_one_is(pictures, size):
    assert corners(pictures.square(encoded(quarters(size // 2), "JPEG"))) == UPRIGHT


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGBA", "PNG"), ("P", "PNG"), ("P", "GIF"), ("RGBA", "WEBP"), ("CMYK", "JPEG")],
)
def test_the_square_keeps_the_colours_of_every_mode(pictures, mode, kind):
    assert corners(pictures.square(encoded(quarters().convert(mode), kind))) == UPRIGHT


@pytest.mark.parametrize(("mode", "kind"), [("L", "PNG"), ("LA", "PNG"), ("L", "JPEG"), ("L", "GIF"), ("1", "PNG")])
def test_a_grey_picture_keeps_its_colours(pictures, mode, kind):
    grey = Image.new("L", (64, 64), 255).convert(mode)
    assert pixel(decoded(pictures.square(encoded(grey, kind))), 128, 128)[:3] == (255, 255, 255)


@pytest.mark.parametrize(
    ("colour", "pixel", "shown"),
    [
        (0, b"\x80\x00", (128, 128, 128)),
        (2, b"\xff\xff\x00\x00\x80\x00", (255, 0, 128)),
        (4, b"\x80\x00\xff\xff", (128, 128, 128)),
        (6, b"\xff\xff\x00\x00\x80\x00\xff\xff", (255, 0, 128)),
    ],
    ids=["grey", "colour", "grey with alpha", "colour with alpha"],
)
def test_a_picture_of_16_bits_keeps_its_colours(pictures, colour, pixel, shown):
    file = png(2, 2, depth=16, colour=colour, rows=(b"\0" + pixel * 2) * 2)
    made = decoded(pictures.square(file)).convert("RGB").getpixel((128, 128))
    assert made == pytest.approx(shown, abs=3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept(pictures, mode):
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0)).convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    made = decoded(pictures.square(encoded(clear, "PNG", **options)))
    assert pixel(made, 128, 128)[3] == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (1, UPRIGHT),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
        (9, UPRIGHT),
    ],
)
def test_a_picture_is_turned_as_its_exif_says(pictures, kind, orientation, seen):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert corners(pictures.square(encoded(quarters(), kind, exif=exif))) == seen


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" %s</rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "description",
    [b'tiff:Orientation="6"/>', b"><tiff:Orientation>3</tiff:Orientation></rdf:Description>"],
    ids=["attribute", "element"],
)
def test_a_rotation_in_xmp_is_ignored_as_in_browsers(pictures, kind, description):
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", (XMP % description).decode())
    options = {"pnginfo": info} if kind == "PNG" else {"xmp": XMP % description}
    assert corners(pictures.square(encoded(quarters(), kind, **options))) == UPRIGHT


def test_a_rotation_in_exif_counts_beside_another_in_xmp(pictures):
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    file = encoded(quarters(), "WEBP", exif=exif, xmp=XMP % b'tiff:Orientation="6"/>')
    assert corners(pictures.square(file)) == [WHITE, BLUE, GREEN, RED]


def gif_on_canvas(width, height, left, top, **options):
    """A GIF with one red frame of 40 x 40 pixels on a larger canvas. Its palette begins with green."""
    frame = Image.new("P", (40, 40), 1)
    frame.putpalette([*GREEN, *RED])
    file = encoded(frame, "GIF", optimize=False, **options)
    size = struct.pack("<HH", width, height)
    place = struct.pack("<HH", left, top)
    at = file.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 40, 40))
    return file[:6] + size + file[10 : at + 1] + place + file[at + 5 :]


@pytest.mark.parametrize(
    ("file", "opaque"),
    [
        (gif_on_canvas(80, 80, 0, 0), [True, False, False, False]),
        (gif_on_canvas(80, 80, 40, 0), [False, True, False, False]),
        (gif_on_canvas(80, 80, 40, 40), [False, False, False, True]),
        (gif_on_canvas(80, 40, 20, 0), [True, True, True, True]),
        (gif_on_canvas(80, 80, 0, 40, background=0), [False, False, True, False]),
        (gif_on_canvas(80, 80, 0, 40, transparency=0), [False, False, True, False]),
        (gif_on_canvas(80, 80, 0, 40, transparency=1), [False, False, False, False]),
        (gif_on_canvas(40, 40, 0, 0), [True, True, True, True]),
    ],
    ids=["top left", "top right", "bottom right", "middle", "with a background", "with another transparent colour",
         "transparent itself", "as large as the canvas"],
)  # fmt: skip
def test_the_canvas_around_the_frame_of_a_gif_is_transparent_as_in_browsers(pictures, file, opaque):
    square = decoded(pictures.square(file)).convert("RGBA")
    shown = [pixel(square, x, y) for y in (40, 216) for x in (40, 216)]
    assert [part[3] > 250 for part in shown] == opaque
    assert all(part[0] > 200 and part[1] < 50 for part in shown if part[3] > 250)


UNREADABLE_EXIF = {
    "nothing": b"",
    "junk": b"junk" * 20,
    "an odd byte order": b"XX\x00\x2a\x00\x00\x00\x08\x00\x01",
    "far away": b"MM\x00\x2a\xff\xff\xff\xff",
    "cut off": b"MM\x00\x2a\x00\x00\x00\x08\x00\x05\x01\x12",
    "of another type": b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x04abcd\x00\x00\x00\x00",
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("name", UNREADABLE_EXIF)
def test_a_picture_with_unreadable_exif_data_is_not_rotated(pictures, kind, name):
    file = encoded(quarters(), kind, exif=b"Exif\0\0" + UNREADABLE_EXIF[name])
    assert corners(pictures.square(file)) == UPRIGHT


def test_an_animation_becomes_its_first_frame(pictures):
    frames = [Image.new("RGB", (64, 64), colour) for colour in (BLUE, RED, GREEN)]
    for kind in ("GIF", "PNG", "WEBP"):
        made = pictures.square(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert corners(made) == [BLUE] * 4
        assert getattr(decoded(made), "n_frames", 1) == 1


def swapped_profile():
    """A colour profile by which red is green, and green red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tXYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tXYZ", b"gXYZ", 1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_of_another_profile_become_srgb(pictures, mode):
    file = encoded(quarters().convert(mode), "PNG", icc_profile=swapped_profile())
    made = pictures.square(file)
    assert corners(made) == [GREEN, RED, BLUE, WHITE]
    assert "icc_profile" not in decoded(made).info


@pytest.mark.parametrize("profile", [b"junk" * 50, swapped_profile()[:200]])
def test_a_broken_profile_spoils_nothing(pictures, profile):
    assert corners(pictures.square(encoded(quarters(), "PNG", icc_profile=profile))) == UPRIGHT


def photograph():
    exif = Image.Exif()
    exif[MAKER] = PAYLOAD.decode()
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    return exif


CARRIERS = {
    "behind a PNG": PNG + PAYLOAD,
    "behind a PNG, in a zip": PNG + b"PK\x03\x04" + PAYLOAD,
    "in a PNG's text": PNG[:33] + chunk(b"tEXt", b"a\0" + PAYLOAD) + PNG[33:],
    "in a PNG's compressed text": PNG[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(PAYLOAD)) + PNG[33:],
    "in a PNG's unknown chunk": PNG[:33] + chunk(b"evIl", PAYLOAD) + PNG[33:],
    "behind a JPEG": JPEG + PAYLOAD,
    "in a JPEG's comment": encoded(quarters(), "JPEG", comment=PAYLOAD),
    "in a JPEG's EXIF": encoded(quarters(), "JPEG", exif=photograph()),
    "in a WebP's EXIF": encoded(quarters(), "WEBP", exif=photograph()),
    "in a WebP's XMP": encoded(quarters(), "WEBP", xmp=PAYLOAD),
    "in a GIF's comment": encoded(quarters(), "GIF", comment=PAYLOAD),
    "behind a GIF": GIF + PAYLOAD,
    "in a colour profile": encoded(quarters(), "PNG", icc_profile=swapped_profile() + PAYLOAD),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_square_contains_no_metadata_of_the_file(pictures, carrier):
    made = pictures.square(CARRIERS[carrier])
    assert PAYLOAD not in made
    picture = decoded(made)
    assert not picture.getexif()
    assert not {"exif", "xmp", "comment", "icc_profile"} & set(picture.info)
    assert made[12:16] == b"VP8 ", "more than the pixels is in the file"


# Rejected files


@pytest.mark.parametrize("name", NO_PICTURES)
def test_a_file_of_another_kind_is_refused_at_once(pictures, name):
    started = time.perf_counter()
    assert issues_of(lambda: pictures.square(NO_PICTURES[name])) == {"file": ["not_a_picture"]}
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_many_pixels_are_refused_before_they_are_decoded(pictures, name):
    started = time.perf_counter()
    assert issues_of(lambda: pictures.square(TOO_LARGE[name])) == {"file": ["too_many_pixels"]}
    assert time.perf_counter() - started < 0.2


@pytest.mark.parametrize("kind", GOOD)
def test_a_corrupted_file_is_converted_or_rejected(pictures, kind):
    chance = random.Random(kind)
    outcomes = set()
    for _ in range(300):
        file = bytearray(GOOD[kind])
        for _ in range(chance.choice((1, 3, 20))):
            file[chance.randrange(len(file))] = chance.randrange(256)
        outcomes.add(tuple(issues_of(lambda file=bytes(file): decoded(pictures.square(file))).get("file", [])))
    assert outcomes <= {(), ("not_a_picture",), ("too_many_pixels",)}
    assert ("not_a_picture",) in outcomes


@pytest.mark.parametrize("kind", GOOD)
def test_a_truncated_file_is_rejected_unless_its_pixels_are_complete(pictures, kind):
    file = GOOD[kind]
    for length in range(0, len(file) - (60 if kind == "JPEG" else 30), 7):
        assert issues_of(lambda length=length: pictures.square(file[:length])) == {"file": ["not_a_picture"]}


def test_a_refusal_leaves_the_turn_to_the_next(pictures):
    for _ in range(3):
        for file in HOSTILE.values():
            issues_of(lambda file=file: pictures.square(file))
    assert pictures.square(PNG)
