"""Pictures by Pillow: what was uploaded becomes a square of 256 pixels in WebP, which holds nothing else of it.

The file's first bytes tell what it is, whatever its name says, and its header how large, before anything is decoded.
Pillow is written for files that mean well: whatever it stumbles over here is a picture that we can't take.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from minichat.adapters.offloading import Offload, Turns, run_here
from minichat.domain.avatars import MAX_SIDE, SIDE
from minichat.domain.errors import InvalidInput

# What is odd about somebody's file is nothing that an operator should be told of.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

QUALITY = 82
AT_ONCE = 1
"""One of 4096 x 4096 pixels takes up to 260 MiB for half a second, so each worker makes one at a time."""
MOST_WAITING = 16
"""Each of them holds 2 MiB."""
PATIENCE = 5.0

# How each begins. Two have a part of which a small file can hold so many that reading them takes minutes: a JPEG's
# scans (usually ten at most) and a PNG's colour profiles (one). Inside a picture's own data these bytes don't come up.
_KINDS: tuple[tuple[bytes, type[ImageFile], bytes, int], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImageFile, b"iCCP", 8),
    (b"\xff\xd8\xff", JpegImageFile, b"\xff\xda", 64),
    (b"GIF87a", GifImageFile, b"", 0),
    (b"GIF89a", GifImageFile, b"", 0),
    (b"RIFF", WebPImageFile, b"", 0),
)


class PillowPictures:
    def __init__(self, offload: Offload = run_here) -> None:
        self._turns = Turns(offload, at_once=AT_ONCE, most_waiting=MOST_WAITING, patience=PATIENCE)

    def square(self, data: bytes) -> bytes:
        made = self._turns.run(lambda: _made_of(data))
        if isinstance(made, InvalidInput):
            raise made
        return made


def _made_of(data: bytes) -> bytes | InvalidInput:
    """The square, or why there is none: what is raised in a native thread, gevent reports as a failure of ours."""
    try:
        with _opened(data) as picture:
            return _webp(_upright(_square(picture)))
    except InvalidInput as error:
        return error
    except Image.DecompressionBombError:  # Pillow's own limit, which some files meet before ours
        return _too_many_pixels()
    except Exception:  # noqa: BLE001 - OSError, ValueError, struct.error, IndexError, …: see above
        return InvalidInput.of("file", "not_a_picture")


def _opened(data: bytes) -> ImageFile:
    """The picture, only its header read. Raises InvalidInput, ValueError or whatever Pillow does."""
    for signature, opens, part, most in _KINDS:
        if data.startswith(signature) and not (part and data.count(part) > most):
            picture = opens(BytesIO(data))
            if max(picture.size) > MAX_SIDE:
                raise _too_many_pixels()
            return picture
    raise ValueError("this is no picture of a kind that we take")


def _too_many_pixels() -> InvalidInput:
    return InvalidInput.of("file", "too_many_pixels", most=MAX_SIDE)


def _square(picture: ImageFile) -> Image.Image:
    """The centred square of the picture's first frame, 256 pixels wide."""
    # A large JPEG is decoded at a half, a quarter or an eighth of its size right away; the others know nothing of it.
    picture.draft(None, (2 * SIDE, 2 * SIDE))
    picture.load()
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return _in_colour(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS, box, reducing_gap=3.0)


def _in_colour(picture: Image.Image) -> Image.Image:
    """The picture in a form whose pixels can be mixed."""
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode in {"P", "PA"} or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L") if picture.mode == "1" else picture


def _upright(square: Image.Image) -> Image.Image:
    """The square turned as its EXIF says, in the colours of the web."""
    try:
        turned = ImageOps.exif_transpose(square)
    except Exception:  # noqa: BLE001 - of whatever kind: its EXIF can't be read, and its pixels could
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
        return square.convert(mode)  # a profile of other colours, or a broken one: the picture is still one


def _webp(square: Image.Image) -> bytes:
    square.info.clear()  # of which some versions of Pillow write the colour profile again
    made = BytesIO()
    square.save(made, "WEBP", quality=QUALITY)
    return made.getvalue()
