"""Valid and hostile pictures, created in memory."""

import struct
import zlib
from io import BytesIO

from PIL import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
PAYLOAD = b"<script>alert('from the file')</script>"
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """The picture as a file of that kind."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def decoded(file: bytes) -> Image.Image:
    """The picture that the file holds."""
    picture = Image.open(BytesIO(file))
    picture.load()
    return picture


def quarters(size: int = 64) -> Image.Image:
    """Red, green, blue and white, in the four corners of a square in the middle of a black strip."""
    picture = Image.new("RGB", (2 * size, size))
    half = size // 2
    for colour, place in {RED: (0, 0), GREEN: (half, 0), BLUE: (0, half), WHITE: (half, half)}.items():
        picture.paste(colour, (half + place[0], place[1], size + place[0], half + place[1]))
    return picture


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """The colour of a pixel, in parts."""
    found = picture.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def _pure(part: int) -> int:
    return 255 if part > 127 else 0


def corners(file: bytes) -> list[tuple[int, int, int]]:
    """The colours of a picture's four corners, by rows, each the nearest of the pure ones."""
    picture = decoded(file).convert("RGB")
    near, far = 20, picture.width - 20
    found = [pixel(picture, *place) for place in ((near, near), (far, near), (near, far), (far, far))]
    return [(_pure(red), _pure(green), _pure(blue)) for red, green, blue in found]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    """A PNG with any header, extra chunks and pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *chunks, pixels, chunk(b"IEND")))


PNG, JPEG, WEBP, GIF = (encoded(quarters(), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF"))
GOOD = {"PNG": PNG, "JPEG": JPEG, "WebP": WEBP, "GIF": GIF}


def _jpeg_of_endless_scans() -> bytes:
    """Half a megabyte that takes minutes to decode."""
    file = encoded(Image.new("RGB", (2048, 2048)), "JPEG", progressive=True)
    scan = file[file.rindex(b"\xff\xda") : -2]
    return file[:-2] + scan * 30_000 + b"\xff\xd9"


def _jpeg_of_size(width: int, height: int) -> bytes:
    place = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:place] + struct.pack(">HH", height, width) + JPEG[place + 4 :]


def _webp_of_size(width: int, height: int) -> bytes:
    file = encoded(quarters(), "WEBP", lossless=True)
    bits = struct.unpack("<I", file[21:25])[0] & ~0xFFFFFFF | (width - 1) | (height - 1) << 14
    return file[:21] + struct.pack("<I", bits) + file[25:]


PROFILE = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000), 9))
NO_PICTURES = {
    "nothing": b"",
    "text": b"hello",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "SVG with a prolog": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "PDF": b"%PDF-1.7\n%%EOF",
    "zip": b"PK\x05\x06" + bytes(18),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\nshowpage\n",
    "TIFF": encoded(quarters(), "TIFF"),
    "BMP": encoded(quarters(), "BMP"),
    "ICO": encoded(quarters(), "ICO"),
    "JPEG 2000": encoded(quarters(), "JPEG2000"),
    "PSD": b"8BPS\0\x01" + bytes(6) + b"\0\x03" + struct.pack(">II", 1, 1) + b"\0\x08\0\x03" + bytes(14),
    "AVIF": b"\0\0\0\x1cftypavif" + bytes(16),
    "RIFF of sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
    "a PNG's first bytes": PNG[:8],
    "a JPEG's first bytes": JPEG[:3],
    "a GIF's first bytes": GIF[:6],
    "a WebP's first bytes": WEBP[:12],
    "half a PNG": PNG[: len(PNG) // 2],
    "half a JPEG": JPEG[: len(JPEG) // 2],
    "half a GIF": GIF[: len(GIF) // 2],
    "half a WebP": WEBP[: len(WEBP) // 2],
    "a PNG with a wrong checksum": PNG[:29] + bytes(4) + PNG[33:],
    "a PNG without pixels": png(64, 64),
    "a PNG of no width": png(0, 64),
    "a PNG of another kind of depth": png(64, 64, depth=7),
    "a PNG of colour profiles": png(1, 1, *[PROFILE] * 1_900, rows=bytes(4)),
    "a JPEG of endless scans": _jpeg_of_endless_scans(),
    "a PNG behind a space": b" " + PNG,
}
TOO_LARGE = {
    "a PNG of 60000 x 60000": png(60_000, 60_000),
    "a PNG of 2^31 x 1": png(2**31 - 1, 1),
    "a PNG of 4097 x 1": png(4097, 1, rows=bytes(1 + 4097 * 3)),
    "a PNG of 1 x 4097": png(1, 4097, rows=bytes(4097 * 4)),
    "a JPEG of 65500 x 65500": _jpeg_of_size(65_500, 65_500),
    "a GIF of 65535 x 65535": GIF[:6] + b"\xff" * 4 + GIF[10:],
    "a WebP of 16383 x 16383": _webp_of_size(16_383, 16_383),
}
HOSTILE = {**NO_PICTURES, **TOO_LARGE}
