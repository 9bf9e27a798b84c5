"""Which names the content of a message mentions: the rules for an `@`.

This module reads no store, so it does not know which of the names belong to participants.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from minichat.domain.accounts import MAX_USERNAME_LENGTH, username_key
from minichat.domain.ports import UsernameKey

MAX_MENTIONS = 50
"""Maximum number of people that a message mentions."""
MAX_SIGNS = 100
"""Maximum number of `@` in a message that are looked at."""
EVERYBODY = "all"
"""The name by which the owner and the moderators mention all participants."""

Candidates = Sequence[Sequence[str]]
"""For each `@` that can mention somebody, the username keys to try: the longest name comes first."""

_PUNCTUATION = "._-"
"""The characters of a username that can also end a sentence."""
_NOT_BEFORE = frozenset("._-/@:=&?")
"""An `@` after one of these is a part of an address, as it is after a letter or a digit."""


def named_keys(content: str, key_of: UsernameKey) -> Candidates:
    """Return the names that a content may mention."""
    runs = dict.fromkeys(islice(_runs(content), MAX_SIGNS))
    return [keys for run in runs if (keys := _keys(run, key_of))]


def mentioned(
    candidates: Candidates, id_by_key: Mapping[str, int], *, is_calling_all: bool
) -> tuple[Sequence[int], bool]:
    """Return the ids of the people whom the candidates of `named_keys` name, and whether they name everybody.

    `is_calling_all` is whether the author may mention everybody. For others, `@all` is text.
    """
    ids: dict[int, None] = {}
    is_everybody = False
    for keys in candidates:
        key = next((key for key in keys if key == EVERYBODY or key in id_by_key), None)
        if key == EVERYBODY:
            is_everybody = is_calling_all
        elif key is not None:
            ids[id_by_key[key]] = None
    return [*ids], is_everybody


def _runs(content: str) -> Iterator[str]:
    """Yield the run of username characters after each `@`, or "" for an `@` inside an address."""
    place = content.find("@")
    while place >= 0:
        start = end = place + 1
        if place == 0 or not (content[place - 1] in _NOT_BEFORE or _is_of_word(content[place - 1])):
            while end < len(content) and (content[end] in _PUNCTUATION or _is_of_word(content[end])):
                end += 1
        yield content[start:end]
        place = content.find("@", start)


def _is_of_word(char: str) -> bool:
    """Return whether the character is a letter, a digit, or a mark on one of them."""
    return unicodedata.category(char)[0] in "LMN"


def _keys(run: str, key_of: UsernameKey) -> Sequence[str]:
    """Return the keys of the run, and of the rest each time that a final sign of punctuation is stripped from it."""
    name = run.rstrip(_PUNCTUATION)
    # The comparison of usernames leaves punctuation as it is, so one call serves all candidates.
    key = username_key(name, key_of)
    if key is None:
        return []
    ending = run[len(name) : len(name) + MAX_USERNAME_LENGTH]
    keys = [key + ending[:length] for length in range(len(ending), -1, -1)]
    return keys if key else keys[:-1]
