"""The passwords that guessing begins with, from zxcvbn: its list of passwords, and the first of its words and names.

zxcvbn keeps each word in the one list where it ranks highest, so `michelle` is no password there but a name; and it
leaves out what it knows by its shape, such as `88888888`.
"""

import functools
from importlib.machinery import SourceFileLoader
from importlib.metadata import distribution
from types import ModuleType

from minichat.domain.accounts import PASSWORD_LEAST

WORDS = 10_000
"""How many of each list of words and names count, from the most frequent on."""

PATTERN_MOST = 12
"""How long a pattern is common: longer ones come up a few times among millions."""

_RUNS = ("01234567890", "abcdefghijklmnopqrstuvwxyz")


def is_common_password(password: str) -> bool:
    """Tell whether the password, in whatever case, is one of the most common."""
    folded = password.casefold()
    return _is_pattern(folded) or f"\0{folded}\0" in _listed()


def _is_pattern(text: str) -> bool:
    """Whether it is one piece again and again (`12121212`), or a run up or down (`87654321`)."""
    if not PASSWORD_LEAST <= len(text) <= PATTERN_MOST or not text.isascii():
        return False
    return text in (text + text)[1:-1] or any(text in run or text[::-1] in run for run in _RUNS)


@functools.cache
def _listed() -> str:
    # One text, not a set: it takes 0.3 MB instead of 4, and searching it 0.1 ms, beside the 20 ms of a hash.
    lists = _frequency_lists()
    words = (word for name, ranked in lists.items() for word in (ranked if name == "passwords" else ranked[:WORDS]))
    return "\0" + "\0".join(word for word in words if len(word) >= PASSWORD_LEAST) + "\0"


def _frequency_lists() -> dict[str, list[str]]:
    # The one file, and not for long: importing zxcvbn would build all its dictionaries and keep them, for 10 MB.
    path = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    module = ModuleType("frequency_lists")
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    lists: dict[str, list[str]] = module.FREQUENCY_LISTS
    return lists
