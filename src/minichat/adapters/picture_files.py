"""The structure of picture files: drop the parts that Pillow refuses and browsers overlook.

Common programs write files with broken metadata, wrong checksums or no end. Browsers show them, because their decoders
ignore everything but the pixels. This module keeps only the parts that `pictures` needs. It never decodes pixels.
"""

import re
import struct
import zlib
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
MAX_PIXEL_BYTES = (8 * 4096 + 1) * 4096
"""Size of the pixels of the largest accepted PNG."""
MAX_PROFILE_BYTES = 2**20
"""Maximum size of a colour profile. Pillow refuses a picture with a larger one."""

_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
_MARKER = re.compile(rb"\xff[\x01-\xfe]")


def lacks_end(jpeg: bytes) -> bool:
    """Return whether the JPEG has no end, so that pixels may be missing."""
    return _END not in jpeg[jpeg.rfind(_SCAN) :]


def readable_jpeg(data: bytes) -> bytes:
    """Return the JPEG with sound metadata only, and with an end."""
    parts, position = [data[:2]], 2
    while marker := _MARKER.search(data, position):  # it skips junk before a marker, as libjpeg does
        position = marker.end()
        if marker[0] == _SCAN:
            return b"".join([*parts, data[marker.start() :], _END if lacks_end(data) else b""])
        if 0xD0 <= marker[0][1] <= 0xD9:  # a marker without a segment
            continue
        length = int.from_bytes(data[position : position + 2], "big")
        if length < 2:
            break
        if _is_sound(marker[0][1], data[position + 2 : position + length]):
            parts.append(data[marker.start() : position + length])
        position += length
    return data


def _is_sound(marker: int, body: bytes) -> bool:
    """Return whether a segment describes the pixels, or holds metadata that can be read."""
    match marker:
        case 0xE0:
            return body.startswith(b"JFIF\0") and len(body) >= 14
        case 0xE1:
            return body.startswith(b"Exif\0\0")
        case 0xE2:
            return body.startswith(b"ICC_PROFILE\0") and len(body) > 14
        case 0xEE:
            return body.startswith(b"Adobe") and len(body) >= 12
    return not 0xE0 <= marker <= 0xEF and marker != 0xFE


def readable_png(data: bytes) -> bytes:
    """Return the PNG with the chunks that its first frame needs."""
    parts, pixels, header, colours = [PNG], [b""], b"", 0
    kept: set[bytes] = set()
    for kind, body, is_whole in _chunks(data):
        if kind == b"IDAT":
            pixels.append(body)
        elif kind in {b"IHDR", b"PLTE"}:
            if not is_whole:
                return data
            header, colours = (body, colours) if kind == b"IHDR" else (header, len(body) // 3)
            parts.append(_chunk(kind, body))
        elif kind not in kept and is_whole and (sound := _sound_chunk(kind, body, header, colours)):
            kept.add(kind)
            parts.append(_chunk(kind, sound))
    return b"".join([*parts, _chunk(b"IDAT", b"".join(pixels)), _chunk(b"IEND", b"")])


def with_right_checksum(data: bytes) -> bytes | None:
    """Return the PNG with the right checksum behind its compressed pixels, or None if a part of them is missing."""
    chunks = list(_chunks(data))
    pixels = b"".join(body for kind, body, _ in chunks if kind == b"IDAT")
    inflater, rest, checksum, size = zlib.decompressobj(-zlib.MAX_WBITS), pixels[2:], 1, 0
    while rest and not inflater.eof and size <= MAX_PIXEL_BYTES:
        part = inflater.decompress(rest, 2**20)
        checksum, size, rest = zlib.adler32(part, checksum), size + len(part), inflater.unconsumed_tail
    if not inflater.eof:
        return None
    whole = pixels[: len(pixels) - len(inflater.unused_data)] + struct.pack(">I", checksum)
    head = [_chunk(kind, body) for kind, body, _ in chunks if kind not in {b"IDAT", b"IEND"}]
    return b"".join([PNG, *head, _chunk(b"IDAT", whole), _chunk(b"IEND", b"")])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield each chunk's name, its body, and whether its checksum is right."""
    position = len(PNG)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        body = data[position + 8 : end]
        yield kind, body, data[end : end + 4] == struct.pack(">I", zlib.crc32(kind + body))
        position = end + 4


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _sound_chunk(kind: bytes, body: bytes, header: bytes, colours: int) -> bytes | None:
    """Return the body of a chunk that Pillow shall read, or None."""
    if kind == b"eXIf":
        return body
    if kind == b"iCCP":
        name, _, profile = body.partition(b"\0")
        return body if 0 < len(name) < 80 and profile[:1] == b"\0" and _is_small(profile[1:]) else None
    if kind == b"tRNS" and len(header) == 13:
        return _transparency(body, depth=header[8], colour=header[9], colours=colours)
    return None


def _transparency(body: bytes, *, depth: int, colour: int, colours: int) -> bytes | None:
    """Return the transparent colour in the eight bits that Pillow decodes to, or the opacity of each palette entry."""
    if colour == 3:
        return body if 0 < len(body) <= colours else None
    if len(body) != {0: 2, 2: 6}.get(colour):
        return None
    values = struct.unpack(f">{len(body) // 2}H", body)
    if depth == 16:
        values = tuple(value >> 8 for value in values)
    elif depth in {2, 4}:
        values = tuple(value * 255 // (2**depth - 1) for value in values)
    return struct.pack(f">{len(values)}H", *values)


def _is_small(compressed: bytes) -> bool:
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(compressed, MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return not inflater.unconsumed_tail


def readable_webp(data: bytes) -> bytes:
    """Return the WebP with a size in its header that is not beyond its end."""
    return data[:4] + struct.pack("<I", min(struct.unpack_from("<I", data, 4)[0], len(data) - 8)) + data[8:]
