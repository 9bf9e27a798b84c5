"""How data is framed on a connection: as a chunk of an HTTP/1.1 response, or as a message of a WebSocket server."""

import struct

_TEXT = 0x81
"""The first byte of a complete text message."""
PING = b"\x89\0"
"""The ping of a WebSocket server, without data."""


def chunk_of(data: bytes) -> bytes:
    """Return a chunk of an HTTP/1.1 response (RFC 9112, section 7.1)."""
    return b"%X\r\n%b\r\n" % (len(data), data)


def text_message_of(data: bytes) -> bytes:
    """Return a text message of a WebSocket server (RFC 6455, section 5.2). `data` is UTF-8."""
    length = len(data)
    if length < 126:
        head = struct.pack(">BB", _TEXT, length)
    elif length < 65_536:
        head = struct.pack(">BBH", _TEXT, 126, length)
    else:
        head = struct.pack(">BBQ", _TEXT, 127, length)
    return head + data
