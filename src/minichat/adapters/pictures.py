"""Pictures by Pillow: an upload becomes a square of 256 pixels in WebP, without the upload's metadata.

The first bytes of the file decide its format, not its name. Its header gives the size before anything is decoded.
Pillow is not written for hostile files, so any exception of its decoders rejects the picture. This module
does not know where pictures are stored.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from minichat.adapters.offloading import ConcurrencyLimit, Offload, run_here
from minichat.domain.avatars import MAX_SIDE, SIDE
from minichat.domain.errors import InvalidInput

# Pillow's warnings are about the uploaded files; an operator can't act on them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

QUALITY = 82
MAX_RUNNING = 1
"""A picture of 4096 x 4096 pixels takes up to 260 MiB for half a second, so a worker converts one at a time."""
MAX_WAITING = 16
"""Each waiting upload holds 2 MiB."""
PATIENCE_SECONDS = 5.0

# Each format's signature and decoder, and a marker with its maximum count. A small file can repeat the scans of a JPEG
# (usually at most ten) or the colour profiles of a PNG (one) so often that decoding takes minutes. The markers don't
# occur in pixel data.
_FORMATS: tuple[tuple[bytes, type[ImageFile], bytes, int], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImageFile, b"iCCP", 8),
    (b"\xff\xd8\xff", JpegImageFile, b"\xff\xda", 64),
    (b"GIF87a", GifImageFile, b"", 0),
    (b"GIF89a", GifImageFile, b"", 0),
    (b"RIFF", WebPImageFile, b"", 0),
)


class PillowPictures:
    def __init__(self, offload: Offload = run_here) -> None:
        self._limit = ConcurrencyLimit(
            offload, max_running=MAX_RUNNING, max_waiting=MAX_WAITING, patience_seconds=PATIENCE_SECONDS
        )

    def square(self, data: bytes) -> bytes:
        converted = self._limit.run(lambda: _convert(data))
        if isinstance(converted, InvalidInput):
            raise converted
        return converted


def _convert(data: bytes) -> bytes | InvalidInput:
    """Return the square, or the error: gevent would print a traceback for a raised exception."""
    try:
        with _opened(data) as picture:
            return _webp(_upright(_square(picture)))
    except InvalidInput as error:
        return error
    except Image.DecompressionBombError:  # Pillow checks its own limit before this function can check `MAX_SIDE`
        return _too_many_pixels()
    except Exception:  # noqa: BLE001 - OSError, struct.error, IndexError, …: see the module
        return InvalidInput.of("file", "not_a_picture")


def _opened(data: bytes) -> ImageFile:
    """Read the header of the picture. Raises InvalidInput, ValueError, or any exception of Pillow's decoders."""
    for signature, decoder, marker, max_markers in _FORMATS:
        if data.startswith(signature) and not (marker and data.count(marker) > max_markers):
            picture = decoder(BytesIO(data))
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
    return _in_colour(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _in_colour(picture: Image.Image) -> Image.Image:
    """Return the picture in a mode whose pixels can be averaged."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode in {"P", "PA"} or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L") if picture.mode == "1" else picture


def _upright(square: Image.Image) -> Image.Image:
    """Return the square rotated as its EXIF data says, in sRGB."""
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
