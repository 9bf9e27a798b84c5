r"""What a schema can say about texts: regular expressions of ECMA 262 for the whole text.

A pattern refuses no text that the domain accepts. Of names, queries and addresses it describes the text without the
white space at its ends, which the server removes. It may accept more than the domain: letters of all scripts and
invisible characters have no short expression without `\p{…}`, which Python's `re` and other engines don't know.
`tests/e2e/schemathesis_hooks.py` lists the rules that no schema can say.
"""

_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
"""The control characters that no text may hold. Tabs and line breaks are none of them."""
_SPACES = r"\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_IN_LINES = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_NOT_IN_NAMES = rf"{_NOT_IN_LINES}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""The same, and the characters that change the direction of the text around them."""
_LATIN_1_SIGNS = r"\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
_NOT_IN_USERNAMES = rf"\u0000-,/:-@\[-\^`\{{-\u009f{_LATIN_1_SIGNS}\u2000-\u206f\u3000\ue000-\uf8ff"
"""The signs of ASCII and Latin-1 other than `_`, `.` and `-`, white space, punctuation, and private characters."""
_NOT_IN_ADDRESSES = rf"{_SPACES}\u0000-\u001f\u007f-\u009f@"
_IN_URLS = r"!#-;=?-\[\]_a-z~"


def _trimmed(characters: str) -> str:
    """Return the pattern of a text of these characters without white space at its ends."""
    end = f"[^{characters}{_SPACES}]"
    return f"{end}(?:[^{characters}]*{end})?"


_EMAIL = rf"[^{_NOT_IN_ADDRESSES}]+@[^{_NOT_IN_ADDRESSES}]+[.\u3002\uff0e\uff61][^{_NOT_IN_ADDRESSES}]+"
_AVATAR = rf"[Hh][Tt][Tt][Pp](?:[Ss]://[{_IN_URLS}]+|://[{_IN_URLS}]+/avatars/[{_IN_URLS}]+)"

TEXT = f"^[^{_CONTROLS}]*$"
SHOWN_TEXT = f"^[{_SPACES}]*[^{_CONTROLS}{_SPACES}][^{_CONTROLS}]*$"
"""A text that is more than white space."""
SHOWN_LINE = rf"^[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]*[^{_NOT_IN_LINES}{_SPACES}][^{_NOT_IN_LINES}]*$"
TRIMMED_LINE = f"^(?:{_trimmed(_NOT_IN_LINES)})?$"
NAME = f"^{_trimmed(_NOT_IN_NAMES)}$"
OPTIONAL_NAME = f"^(?:{_trimmed(_NOT_IN_NAMES)})?$"
USERNAME = f"^[^{_NOT_IN_USERNAMES}]+$"
OPTIONAL_EMAIL = f"^(?:{_EMAIL})?$"
OPTIONAL_AVATAR = f"^(?:{_AVATAR})?$"
"""An `https://` URL, the URL of one's own picture, which may begin with `http://`, or nothing."""
QUOTABLE = (
    rf'^(?:[^"{_NOT_IN_LINES}][^{_NOT_IN_LINES}]*|"(?:[^"\\{_NOT_IN_LINES}]|\\["\\])*"[ \t]*(?:;[^{_NOT_IN_LINES}]*)?)$'
)
"""A text in a header, with or without quotes around it."""
LIST_CURSOR = "^[A-Za-z0-9_-]*={0,2}$"
LOG_CURSOR = r"^(?:[0-9]{1,19}(?:-[0-9]{1,19})*\.[A-Za-z0-9_-]{12})?$"
"""The empty text is an absent parameter, here and in `LIST_CURSOR`."""
