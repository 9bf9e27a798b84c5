"""What text is: one normal form, no invisible controls, lengths in code points.

Every name and every message passes through here once, on its way in, and is stored and returned exactly after that.
"""

import re
import unicodedata

from minichat.domain.errors import InvalidInput, Issue

_ALLOWED_CONTROLS = frozenset("\n\t")

MAX_MARKS = 30
"""How many combining marks may follow one another (UAX #15, section 13: the Stream-Safe Text Format).

Languages need five at most. Bringing them into their normal order takes the square of their number.
"""

_DOTTED_I = re.compile("i\u0307+")

MAX_SHRINKAGE = 4
"""How many code points become one in NFC at most: text is refused unread when it can't be short enough after."""


class TooManyMarks(ValueError):
    """More combining marks on one letter than any language has."""


def clean_text(text: str) -> str:
    """Return `text` in NFC, lines ended by a line feed. Raises ValueError on controls and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Most text is printable ASCII or letters: isprintable() is one C loop that spares the one below.
    if not text.isprintable():
        for char in text:
            if unicodedata.category(char) in {"Cc", "Cs"} and char not in _ALLOWED_CONTROLS:
                raise ValueError(f"U+{ord(char):04X} is not allowed")
    if not text.isascii():
        _check_marks(text)
    return unicodedata.normalize("NFC", text)


def _check_marks(text: str) -> None:
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > MAX_MARKS:
            raise TooManyMarks


class Fields:
    """Checks the text fields of one request and gathers everything that is wrong, so a client hears it all at once.

    >>> fields = Fields()
    >>> fields.line("name", "  Ann's room ", most=100)
    "Ann's room"
    >>> fields.check()
    """

    def __init__(self) -> None:
        self._issues: dict[str, list[Issue]] = {}

    def wrong(self, field: str, code: str, **limits: int) -> None:
        """Note an issue of `field`."""
        self._issues.setdefault(field, []).append(Issue(code, limits))

    def line(self, field: str, text: str, *, most: int, least: int = 0, strip: bool = True) -> str:
        """A name or other single line: surrounding white space stripped, no line breaks or tabs inside."""
        line = self._cleaned(field, text, most)
        line = line.strip() if strip else line
        if line.splitlines() not in ([], [line]) or "\t" in line:
            self.wrong(field, "not_one_line")
        return self._measured(field, line, most, least)

    def body(self, field: str, text: str, *, most: int, least: int = 0) -> str:
        """Free text, kept as written; of `least` to `most` code points, and not only white space if `least` is set."""
        return self._measured(field, self._cleaned(field, text, most), most, least)

    def _cleaned(self, field: str, text: str, most: int) -> str:
        if len(text) > most * MAX_SHRINKAGE and len(text.strip()) > most * MAX_SHRINKAGE:
            self.wrong(field, "too_long", most=most)
            return ""
        try:
            return clean_text(text)
        except TooManyMarks:
            self.wrong(field, "too_many_marks", most=MAX_MARKS)
        except ValueError:
            self.wrong(field, "control_characters")
        return ""

    def _measured(self, field: str, text: str, most: int, least: int) -> str:
        if field in self._issues:
            return text
        if least and not text.strip():
            self.wrong(field, "blank")
        elif len(text) < least:
            self.wrong(field, "too_short", least=least)
        elif len(text) > most:
            self.wrong(field, "too_long", most=most)
        return text

    def check(self) -> None:
        """Raise InvalidInput if anything was wrong."""
        if self._issues:
            raise InvalidInput(self._issues)


def fold(text: str) -> str:
    """The form in which names are searched: case folded, compatibility forms unified, in every script.

    The dot that `İ` keeps when it is folded goes: who writes `istanbul` looks for `İstanbul`, too.
    """
    folded = _DOTTED_I.sub("i", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded)
