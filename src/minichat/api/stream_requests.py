"""Recognises a request that opens a stream before it is parsed.

The arbiter imports this module, so it must not import Flask.
"""

import re

_STREAM_REQUEST = re.compile(rb"GET [^ ?]*/(?:api/chat/events|ws/chat(?:/[0-9]+)?)/?[ ?]")


def opens_stream(start: bytes) -> bool:
    """Return whether a request that begins with these bytes opens a stream."""
    return _STREAM_REQUEST.match(start) is not None
