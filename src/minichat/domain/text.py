"""Text from users: one normal form, no invisible control characters, lengths in code points.

Every name and every message passes through here once, when it arrives. From then on it is stored and returned
unchanged. This module knows no field of any entity.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.ports.characters import Characters

_ALLOWED_CONTROLS = frozenset("\n\t")

MAX_MARKS = 30
"""Maximum number of successive combining marks (UAX #15, section 13: the Stream-Safe Text Format).

Languages need at most five. Normalising their order takes time that grows with the square of their number.
"""

_BIDIRECTIONAL_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the order of the text around them, also of the text after a name."""

MAX_SHRINKAGE = 4
"""NFC turns at most this number of code points into one. Longer text is rejected without normalising it."""


class TooManyMarks(ValueError):
    """One letter has more combining marks than any language uses."""


def clean_text(text: str) -> str:
    """Return `text` in NFC, with line feeds as line ends. Raises ValueError on controls and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Most text is printable: isprintable() is one loop in C and saves the loop below.
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
    """Checks the text fields of one request and collects all issues, so that the client gets them in one answer.

    >>> fields = Fields()
    >>> fields.line("name", "  Ann's room ", most=100)
    "Ann's room"
    >>> fields.check()
    """

    def __init__(self) -> None:
        self._issues: dict[str, list[Issue]] = {}

    @property
    def found(self) -> Mapping[str, Sequence[Issue]]:
        """The issues so far, by field."""
        return self._issues

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Record the issues of an InvalidInput that the block raises."""
        try:
            yield
        except InvalidInput as error:
            for field, issues in error.issues.items():
                self._issues.setdefault(field, []).extend(issues)

    def wrong(self, field: str, code: str, **limits: int) -> None:
        """Record an issue of `field`."""
        self._issues.setdefault(field, []).append(Issue(code, limits))

    def line(self, field: str, text: str, *, most: int, least: int = 0, strip: bool = True) -> str:
        """Return a name or other single line without surrounding white space; it may hold no line break and no tab."""
        line = self._cleaned(field, text, most)
        line = line.strip() if strip else line
        if line.splitlines() not in ([], [line]) or "\t" in line:
            self.wrong(field, "not_one_line")
        return self._measured(field, line, most, least)

    def name(self, field: str, text: str, characters: Characters, *, most: int, least: int = 0) -> str:
        """Return the name of a person or a room: a line that shows something and turns no other text around.

        A name that may be empty (`least` is 0) still can't consist of white space and invisible characters.
        """
        name = self.line(field, text, most=most, least=least)
        if field in self._issues:
            return name
        if text and characters.is_blank(name):
            self.wrong(field, "blank")
        elif _BIDIRECTIONAL_CONTROLS.search(name):
            self.wrong(field, "bidirectional_controls")
        return name

    def content(self, field: str, text: str, characters: Characters, *, most: int) -> str:
        """Return the content of a message as written. It shows something."""
        content = self.body(field, text, most=most, least=1)
        if field not in self._issues and characters.is_blank(content):
            self.wrong(field, "blank")
        return content

    def body(self, field: str, text: str, *, most: int, least: int = 0) -> str:
        """Return free text as written: `least` to `most` code points, and not only white space if `least` is set."""
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
        """Raise InvalidInput if there are any issues."""
        if self._issues:
            raise InvalidInput(self._issues)
