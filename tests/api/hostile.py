"""Bad input, grouped by class.

The tests of the parser use all of it; the tests of the routes use one or two examples of each class.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeVar

Value = TypeVar("Value")

MAX_ID = 2**53 - 1

MALFORMED_JSON: Mapping[str, Sequence[bytes]] = {
    "broken syntax": [
        b"{",
        b"nul",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} // comment',
        b'{"a": 0x10}',
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
    ],
    "two documents": [b'{"a": 1} {"b": 2}'],
    "not a finite number": [b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}'],
    "a number out of range": [
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": 1e400}',
        b'{"a": 1e10000000}',
        b'{"a": 0.1e9999999999999}',
    ],
    "an endless number": [b'{"a": ' + b"9" * 5_000 + b"}", b'{"a": ' + b"9" * 400 + b"}"],
    "a repeated key": [b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 2}}'],
    "not UTF-8": [b'{"a": "\xff"}', b'{"a": "\xc0\x80"}', b'{"a": "\xed\xa0\x80"}'],
    "another encoding": [
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
        '\ufeff{"a": 1}'.encode("utf-16-be"),
        b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}',
        b'{"a": 1}\xef\xbb\xbf',
    ],
    "a lone surrogate": [b'{"a": "\\ud800"}', b'{"a": "\\udc00\\ud800"}', b'{"\\ud800": 1}'],
    "a raw control character": [b'{"a": "\x00"}', b'{"a": "\n"}'],
    "deep nesting": [
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 200_000,
    ],
}

NOT_OBJECTS: list[object] = [None, [], [{}], 1, 1.5, True, "text", "{}"]

OTHER_CONTENT_TYPES: list[str | None] = [
    None,
    "text/plain",
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "text/json",
    "application/json-patch+json",
    "application/vnd.api+json",
    "application/json, text/plain",
    "x" * 1000,
]

UNKNOWN_FIELDS = ["colour", "\u0000", "", "__proto__", "Name", "password_hash", "нечто", "a" * 5_000]

WRONG_TYPES: list[object] = [None, True, 0.5, {"$gt": ""}, False, 1e300, [], {}, ["x"]]

NOT_IDS: list[object] = [
    *(0, 2**63, "1", 1.5),
    *(-1, MAX_ID + 1, -(2**63), 10**40, 0.0, -0.0, -1.0, 392.5, 2.0**53, 1e300, True, False, "", [1], {"id": 1}),
]

WRONG_LIMITS = [
    "0",
    "201",
    "x",
    "-1",
    "1.0",
    "1e2",
    "%20",
    "+5",
    "%2B5",
    "0x10",
    "١٠",
    "%D9%A1",
    "５",
    "²",
    "1_0",
    "9" * 5_000,
    "null",
    "10%00",
]

UNKNOWN_PARAMETERS = ["colour", "%00", "offset", "page", "Limit", "limit[]", "%D0%BD"]

NOT_IDS_IN_A_QUERY = [
    "0",
    "9007199254740992",
    "x",
    "-1",
    "1.0",
    "1e3",
    "١",
    "9" * 40,
    "9" * 5_000,
    "1%00",
    "[1]",
    "true",
]

NOT_IDS_IN_A_PATH = [
    "0",
    "9007199254740992",
    "%D9%A1",
    "x",
    "-1",
    "+1",
    "1.0",
    "1e0",
    "01",
    "0x1",
    "1%20",
    "%201",
    "1%00",
    "%EF%BC%91",
    "%FF",
    "9" * 40,
    "9" * 5_000,
    "null",
    "true",
    "1;drop",
    "..",
    "%2e%2e",
    "1%0A",
]


def cursor(value: object) -> str:
    """Return any value, right or wrong, in the form of a cursor."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


FORGED_CURSORS: Mapping[str, Sequence[str]] = {
    "not base64": ["x", "", "\u0000", "é", "null", "====", "W10", "a" * 5_000, "W" * 300 + "!"],
    "not JSON": [
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'["after",' + b"[" * 90_000).decode(),
    ],
    "not a list": [cursor(None), cursor({}), cursor(1), cursor("after")],
    "no direction": [
        cursor([1, 1, 1]),
        cursor([]),
        cursor(["sideways", 1, 1]),
        cursor([["after"], 1, 1]),
        cursor([{}, 1, 1]),
    ],
    "a key of another length": [cursor(["after", 1, 1, 1]), cursor(["after"]), cursor(["after"] + [[]] * 3)],
    "a key of other types": [
        cursor(["after", True]),
        cursor(["after", {"a": 1}]),
        cursor(["after", "1", "1"]),
        cursor(["after", None, None]),
        cursor(["after", True, True]),
        cursor(["after", 1.0, 1.0]),
        cursor(["after", 1.0]),
        cursor(["after", [1], [1]]),
        cursor(["after", [1]]),
        cursor(["after", ["ann"]]),
        cursor(["after", math.nan]),
    ],
    "a key that no database can hold": [
        cursor(["after", 2**63, 1]),
        cursor(["after", -(2**64), 1]),
        cursor(["after", 2**63]),
        cursor(["after", 10**40]),
        cursor(["after", 10**400]),
        cursor(["after", "\ud800"]),
        cursor(["after", "\x00"]),
    ],
}


def all_of(classes: Mapping[str, Sequence[Value]]) -> list[Value]:
    """Return the examples of all classes."""
    return list(chain.from_iterable(classes.values()))


def one_of_each(classes: Mapping[str, Sequence[Value]]) -> list[Value]:
    """Return the first example of each class."""
    return [examples[0] for examples in classes.values()]


def shown(value: object) -> str:
    """Return the beginning of a value, for the name of a test."""
    return ascii(value)[:24]
