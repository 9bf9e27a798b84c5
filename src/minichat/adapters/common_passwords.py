"""Common passwords: the lists of zxcvbn, and the patterns that zxcvbn recognises instead of listing.

This module uses the whole list of passwords and the beginning of each list of words and names. zxcvbn keeps a word in
one list only, so `michelle` is in a list of names. The patterns are a repeated piece, a run along the alphabet or the
keyboard, and a date. Together they recognise more than 99% of the sufficiently long entries of the published lists of
the 10,000 most common passwords. With one or two appended digits they recognise 90% of lists from other leaks. This
module does not know which passwords are long enough: the domain does.
"""

import functools
import re
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from importlib.metadata import distribution
from types import ModuleType

from minichat.domain.accounts import MIN_PASSWORD_LENGTH

MAX_WORDS = 10_000
"""Number of entries that this module uses from each list of words and names, the most frequent ones."""

MAX_PATTERN_LENGTH = 12
"""Maximum length of a pattern. Longer ones occur a few times in millions of passwords."""

_MAX_APPENDED = 2
_APPENDED = re.compile(rf"[0-9!]{{1,{_MAX_APPENDED}}}\Z")
"""Characters that people append to a word. More characters are as hard to guess as another word."""

_RUNS = ("01234567890-=", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")

_DAY, _MONTH, _YEAR = "(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|1[0-2])", "(19[0-9]{2}|20[0-2][0-9])"
_DATE = re.compile("|".join((_DAY + _MONTH + _YEAR, _MONTH + _DAY + _YEAR, _YEAR + _MONTH + _DAY)))
"""A date such as a birthday. There are only about fifty thousand, and people choose their birthday."""


def is_common_password(password: str) -> bool:
    """Return whether the password, in any case, is one of the most common."""
    folded = password.casefold()
    return _is_pattern(folded) or _is_listed(folded) or _is_listed(_APPENDED.sub("", folded))


def _is_pattern(text: str) -> bool:
    """Return whether the text repeats a piece (`12121212`), is a run (`lkjhgfds`) or a date (`24121987`)."""
    if not MIN_PASSWORD_LENGTH <= len(text) <= MAX_PATTERN_LENGTH or not text.isascii():
        return False
    is_run = any(text in run or text[::-1] in run for run in _RUNS)
    return is_run or text in (text + text)[1:-1] or _DATE.fullmatch(text) is not None


def _is_listed(text: str) -> bool:
    return f"\0{text}\0" in _listed().get(len(text), "")


@functools.cache
def _listed() -> Mapping[int, str]:
    """Return the words of each length, joined to one text."""
    # A set of them would take 7 MB instead of 0.5. A search takes less than 0.1 ms; a hash takes 20 ms.
    by_length: dict[int, list[str]] = {}
    for name, ranked in _frequency_lists().items():
        for word in ranked if name == "passwords" else ranked[:MAX_WORDS]:
            if len(word) >= MIN_PASSWORD_LENGTH - _MAX_APPENDED:
                by_length.setdefault(len(word), []).append(word)
    return {length: "\0" + "\0".join(words) + "\0" for length, words in by_length.items()}


def _frequency_lists() -> dict[str, list[str]]:
    # Execute this one file and drop it: importing zxcvbn would keep 10 MB of dictionaries.
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    module = ModuleType("frequency_lists")
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    lists: dict[str, list[str]] = module.FREQUENCY_LISTS
    return lists
