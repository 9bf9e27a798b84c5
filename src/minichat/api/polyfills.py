"""The query parameters that clients add to a URL by themselves, and the one that they share with us.

A browser's `EventSource` repeats its URL when it reconnects, and sends the id of the last event in a header. Many
replacements append it to the URL instead, next to values for servers that we are not. jQuery adds a number to any URL.
This module knows the names of these parameters. It does not interpret cursors.
"""

Pairs = list[tuple[str, str]]
"""The parameters of a URL, in their order."""

CURSOR = "lastEventId"
"""The parameter with the id of the last event."""

_CURSOR_NAMES = frozenset({"lasteventid", "evslasteventid"})
_IGNORED = frozenset({"padding", "r", "evs_preamble", "evs_buffer_size_limit"})
"""Requests for padding, for browsers that buffer the start of a stream, and random values against caches."""

_AGAINST_CACHES = "_"
"""The parameter that jQuery adds to each GET with `cache: false`, as do table widgets on it."""


def without_cache_buster(pairs: Pairs) -> Pairs:
    """Return the parameters of any URL without the value against caches."""
    return [pair for pair in pairs if pair[0] != _AGAINST_CACHES]


def without_additions(pairs: Pairs) -> Pairs:
    """Return the parameters of a stream's URL with at most one `CURSOR`, and without those that mean nothing here.

    The last id counts: a client appends it to a URL that may hold an older one.
    """
    kept: Pairs = []
    last = None
    for name, value in pairs:
        if name.translate(_WITHOUT_MARKS).lower() in _CURSOR_NAMES:
            last = value or last
        elif name not in _IGNORED:
            kept.append((name, value))
    return kept if last is None else [*kept, (CURSOR, last)]


_WITHOUT_MARKS = str.maketrans("", "", "-_")
