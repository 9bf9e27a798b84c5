"""The conversion of one picture by Pillow: the square in the middle, in WebP, without metadata.

The first bytes of the file decide its format, not its name. Its header gives the size before anything is decoded.
Pillow is not written for hostile files, so any exception of its decoders rejects the picture. This module
does not know how many conversions run.
"""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageCms, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from minichat.adapters.picture_files import (
    PNG,
    lacks_end,
    readable_jpeg,
    readable_png,
    readable_webp,
    with_right_checksum,
)
from minichat.domain.avatars import MAX_SIDE, SIDE
from minichat.domain.errors import InvalidInput

# Pillow's warnings are about the uploaded files; an operator can't act on them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

QUALITY = 82
_JPEG = b"\xff\xd8\xff"


class _Format(NamedTuple):
    decoder: type[ImageFile]
    readable: Callable[[bytes], bytes] = bytes
    """Returns the file without the parts that the decoder refuses and browsers overlook."""
    marker: bytes = b""
    """A marker that does not occur in pixels, and its maximum count in the next field.

    A small file can repeat the scans of a JPEG (usually at most ten) or the colour profiles of a PNG (one) so often
    that decoding takes minutes.
    """
    max_markers: int = 0


_FORMATS = {
    PNG: _Format(PngImageFile, readable_png, b"iCCP", 8),
    _JPEG: _Format(JpegImageFile, readable_jpeg, b"\xff\xda", 64),
    b"GIF87a": _Format(GifImageFile),
    b"GIF89a": _Format(GifImageFile),
    b"RIFF": _Format(WebPImageFile, readable_webp),
}
"""The accepted formats by the first bytes of a file."""


def convert(data: bytes) -> bytes | InvalidInput:
    """Return the square, or the error: gevent would print a traceback for a raised exception."""
    try:
        try:
            return _converted(data)
        except OSError:
            repaired = with_right_checksum(readable_png(data)) if data.startswith(PNG) else None
            if repaired is None:
                raise
            return _converted(repaired)
    except InvalidInput as error:
        return error
    except Image.DecompressionBombError:  # Pillow checks its own limit before this function can check `MAX_SIDE`
        return _too_many_pixels()
    except Exception:  # noqa: BLE001 - OSError, struct.error, IndexError, …: see the module
        return InvalidInput.of("file", "not_a_picture")


def _converted(data: bytes) -> bytes | InvalidInput:
    with _opened(data) as picture:
        square = _square(picture)
        if data.startswith(_JPEG) and lacks_end(data) and _lacks_rows(picture):
            return InvalidInput.of("file", "not_a_picture")
        return _webp(_upright(square))


def _opened(data: bytes) -> ImageFile:
    """Read the header of the picture. Raises InvalidInput, ValueError, or any exception of Pillow's decoders."""
    for signature, found in _FORMATS.items():
        if data.startswith(signature) and not (found.marker and data.count(found.marker) > found.max_markers):
            picture = found.decoder(BytesIO(found.readable(data)))
            if max(picture.size) > MAX_SIDE:
                raise _too_many_pixels()
            return picture
    raise ValueError("not a picture in an accepted format")


def _too_many_pixels() -> InvalidInput:
    return InvalidInput.of("file", "too_many_pixels", most=MAX_SIDE)


def _square(picture: ImageFile) -> Image.Image:
    """Return the centred square of the picture's first frame, 256 pixels wide."""
    # The JPEG decoder can decode at a half, a quarter or an eighth of the size; the other decoders ignore this.
    picture.draft(None, (2 * SIDE, 2 * SIDE))
    picture.load()
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return _in_colour(_on_canvas(picture)).resize((SIDE, SIDE), Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _on_canvas(picture: ImageFile) -> Image.Image:
    """Return a GIF with a transparent canvas around its frame, as browsers show it: Pillow fills the canvas."""
    frame = picture.dispose_extent if isinstance(picture, GifImageFile) else None
    if frame is None or frame == (0, 0, *picture.size):
        return picture
    canvas = Image.new("RGBA", picture.size)
    canvas.paste(picture.crop(frame).convert("RGBA"), frame[:2])
    return canvas


def _lacks_rows(picture: Image.Image) -> bool:
    """Return whether the lowest eighth of a JPEG is missing: libjpeg fills it with grey."""
    width, height = picture.size
    colours = picture.crop((0, height - max(height // 8, 1), width, height)).getcolors(maxcolors=1)
    if colours is None:
        return False
    [(_, colour)] = colours
    return all(126 <= part <= 129 for part in (colour if isinstance(colour, tuple) else (colour,)))


def _in_colour(picture: Image.Image) -> Image.Image:
    """Return the picture in a mode whose pixels can be averaged."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode in {"P", "PA"} or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L") if picture.mode == "1" else picture


def _upright(square: Image.Image) -> Image.Image:
    """Return the square rotated as its EXIF data says, in sRGB."""
    for name in ("xmp", "XML:com.adobe.xmp"):  # Pillow reads a rotation there too, and browsers do not
        square.info.pop(name, None)
    try:
        turned = ImageOps.exif_transpose(square)
    except Exception:  # noqa: BLE001 - broken EXIF data, of any kind, is no reason to refuse
        turned = square
    return _in_srgb(turned)


def _in_srgb(square: Image.Image) -> Image.Image:
    mode = "RGBA" if square.mode in {"RGBA", "LA"} else "RGB"
    profile = square.info.get("icc_profile")
    if not profile:
        return square.convert(mode)
    try:
        own, srgb = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(square, own, srgb, outputMode=mode) or square
    except (ImageCms.PyCMSError, OSError):
        return square.convert(mode)  # the profile is broken or for another colour space; the pixels are usable


def _webp(square: Image.Image) -> bytes:
    square.info.clear()  # some versions of Pillow would write its colour profile again
    made = BytesIO()
    square.save(made, "WEBP", quality=QUALITY)
    return made.getvalue()
