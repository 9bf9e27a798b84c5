"""The passwords that guessing begins with: the lists of zxcvbn, and the shapes that it leaves out of them.

Its list of passwords counts as a whole; of its lists of words and names the first, because it keeps each word in the
one list where it ranks highest, so `michelle` is no password there but a name. What zxcvbn knows by its shape it does
not list: a piece repeated, a run along the alphabet or the keyboard, a date. With those, more than 99 of 100 entries of
the published lists of the 10,000 most common are known that are long enough to be chosen at all; with the digit or two
that people append to a word, nine of ten of such lists as stem from other leaks.
"""

import functools
import re
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from importlib.metadata import distribution
from types import ModuleType

from minichat.domain.accounts import MIN_PASSWORD_LENGTH

WORDS = 10_000
"""How many of each list of words and names count, from the most frequent on."""

PATTERN_MOST = 12
"""How long a pattern is common: longer ones come up a few times among millions."""

_APPENDED_MOST = 2
_APPENDED = re.compile(rf"[0-9!]{{1,{_APPENDED_MOST}}}\Z")
"""What people put behind a word to make it longer; more of it is as many guesses as another word."""

_RUNS = ("01234567890-=", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")

_DAY, _MONTH, _YEAR = "(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|1[0-2])", "(19[0-9]{2}|20[0-2][0-9])"
_DATE = re.compile("|".join((_DAY + _MONTH + _YEAR, _MONTH + _DAY + _YEAR, _YEAR + _MONTH + _DAY)))
"""A birthday: there are some fifty thousand, and people choose their own."""


def is_common_password(password: str) -> bool:
    """Tell whether the password, in whatever case, is one of the most common."""
    folded = password.casefold()
    return _is_pattern(folded) or _is_listed(folded) or _is_listed(_APPENDED.sub("", folded))


def _is_pattern(text: str) -> bool:
    """Whether it is one piece again and again (`12121212`), a run up or down (`lkjhgfds`), or a date (`24121987`)."""
    if not MIN_PASSWORD_LENGTH <= len(text) <= PATTERN_MOST or not text.isascii():
        return False
    is_run = any(text in run or text[::-1] in run for run in _RUNS)
    return is_run or text in (text + text)[1:-1] or _DATE.fullmatch(text) is not None


def _is_listed(text: str) -> bool:
    return f"\0{text}\0" in _listed().get(len(text), "")


@functools.cache
def _listed() -> Mapping[int, str]:
    """The words of each length."""
    # A text each, not one set: they take half a megabyte instead of 7, and searching one less than 0.1 ms, beside the
    # 20 ms of a hash.
    by_length: dict[int, list[str]] = {}
    for name, ranked in _frequency_lists().items():
        for word in ranked if name == "passwords" else ranked[:WORDS]:
            if len(word) >= MIN_PASSWORD_LENGTH - _APPENDED_MOST:
                by_length.setdefault(len(word), []).append(word)
    return {length: "\0" + "\0".join(words) + "\0" for length, words in by_length.items()}


def _frequency_lists() -> dict[str, list[str]]:
    # The one file, and not for long: importing zxcvbn would build all its dictionaries and keep them, for 10 MB.
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    module = ModuleType("frequency_lists")
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    lists: dict[str, list[str]] = module.FREQUENCY_LISTS
    return lists
