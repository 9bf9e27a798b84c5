"""Files of the package, read once and ready to be sent: the pages of the web client and of the administration.

An address that holds a digest names one content for ever, so browsers keep it.
"""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from flask import Response, request

FOREVER = "public, max-age=31536000, immutable"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""The content types of our files by their endings."""
_PACKED = {".png", ".webp"}
"""Endings of files that gzip does not make smaller."""
_DIGEST_LENGTH = 16
_COMMENT = re.compile(r"^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*$", re.MULTILINE)
_COMMENTED = (".css", ".js")


class File(NamedTuple):
    """A file, ready to be sent."""

    content: bytes
    """Compressed with gzip if `is_compressed`."""
    content_type: str
    is_compressed: bool
    digest: str
    """Differs from that of any other content at the same address."""

    def plain(self) -> bytes:
        """Return the uncompressed content."""
        return gzip.decompress(self.content) if self.is_compressed else self.content


def packed(name: str, content: bytes, digest: str) -> File:
    """Return the file of that name, compressed if that makes it smaller."""
    ending = posixpath.splitext(name)[1]
    is_compressed = ending not in _PACKED
    return File(gzip.compress(content, mtime=0) if is_compressed else content, TYPES[ending], is_compressed, digest)


def digest_of(parts: Iterable[bytes]) -> str:
    """Return a short digest of all parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:_DIGEST_LENGTH]


def without_comments(name: str, content: bytes) -> bytes:
    """Return a script or style sheet without the comments that fill lines: they are a third of the compressed bytes.

    The lines keep their numbers, which appear in the browser's reports of errors.
    """
    if not name.endswith(_COMMENTED):
        return content
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), content.decode()).encode()


def send(file: File, cache_control: str, **headers: str) -> Response:
    """Return the file, compressed if the browser accepts that, or 304 if the browser has it."""
    headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding", **headers}
    if request.if_none_match.contains_weak(file.digest):
        response = Response(status=304, headers=headers)
    elif not file.is_compressed:
        response = Response(file.content, headers=headers, content_type=file.content_type)
    elif request.accept_encodings.quality("gzip") > 0:
        headers["Content-Encoding"] = "gzip"
        response = Response(file.content, headers=headers, content_type=file.content_type)
    else:
        response = Response(file.plain(), headers=headers, content_type=file.content_type)
    response.set_etag(file.digest, weak=True)  # one for both encodings
    return response
