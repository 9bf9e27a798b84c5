"""The search fold, and the words and names that a search compares after it.

Everything that is searched passes through `fold`: people, rooms and messages, the stored text and the query alike. So
both databases compare plain code points. This module reads no store.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from minichat.domain.model import NameQuery, User
from minichat.domain.ports.characters import Characters

MAX_SEARCHED_LENGTH = 128
"""Number of code points that a search compares, of a folded query and of a name from the match on."""
MAX_SEARCHABLE_LENGTH = 310
"""Number of searchable code points of a folded name: two names of 150. One letter can fold into eighteen."""

_SCRIPTS_WITHOUT_MARKS = ("Latin", "Greek", "Cyrillic", "Arabic", "Hebrew")
"""In these scripts people leave marks out when they search. In other scripts marks are letters, such as vowels."""
_PLAIN_LETTERS = str.maketrans(
    {"ı": "i", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("\u2018\u2019\u201b\u02bb\u02bc", "'")
    | {"\u2010": "-"}
)
"""The letters that people write plainly, though Unicode does not decompose them.

Apostrophes and hyphens are among them, because keyboards and word processors write several (Мар'яна, O’Brien).
"""
_WITHOUT_SHAPING = str.maketrans("", "", "\u200c\u00ad")
"""The zero-width non-joiner of Persian and the soft hyphen: they only shape the text around them."""

_PLAIN = re.compile("[\x00-\x7fЁЄІЇЎА-яёєіїўҐґ]*")
"""The letters of Russian, Ukrainian and Belarusian."""
_MARKED_CYRILLIC = (("й", "и"), ("ё", "е"), ("ї", "і"), ("ў", "у"))

_TURNED = "\x01"
"""It follows a name with the last name first. So the equal name of another user in the usual order precedes it."""


def fold(text: str, characters: Characters) -> str:
    """Return the form in which texts are compared. Folding it again changes nothing.

    It unites case and compatibility forms, drops marks in the scripts where people leave them out, and ignores the
    variants of emoji.
    """
    if text.isascii():
        return text.lower()
    if is_plain(text):
        plain = text.lower()
        for letter, without_mark in _MARKED_CYRILLIC:
            plain = plain.replace(letter, without_mark)
        return plain
    shapeless = characters.without_variants(text.translate(_WITHOUT_SHAPING))
    folded = unicodedata.normalize("NFKC", shapeless).casefold()
    plain = characters.without_marks(unicodedata.normalize("NFKD", folded), _SCRIPTS_WITHOUT_MARKS)
    return unicodedata.normalize("NFC", plain.translate(_PLAIN_LETTERS))


def is_plain(text: str) -> bool:
    """Return whether the text has only ASCII and common Cyrillic letters, which fold one by one and so much faster."""
    return text.isascii() or _PLAIN.fullmatch(text) is not None


def searchable(name: str, characters: Characters) -> str:
    """Return the folded name, or part of one, with one space between its words."""
    return " ".join(fold(name, characters).split())


def room_name(name: str, characters: Characters) -> str:
    """Return the searchable form of the name of a group."""
    return searchable(name, characters)[:MAX_SEARCHABLE_LENGTH]


def name_query(typed: str, characters: Characters) -> NameQuery:
    """Return the query that a user has typed, without an `@` at its start."""
    phrase = searchable(typed, characters).removeprefix("@").lstrip()
    words: list[str] = []
    for word in sorted((word[:MAX_SEARCHED_LENGTH] for word in phrase.split()), key=len, reverse=True):
        if not any(word in longer for longer in words):
            words.append(word)
    return NameQuery(phrase[:MAX_SEARCHED_LENGTH], tuple(words), typed)


def searchable_names(user: User, characters: Characters) -> tuple[str, ...]:
    """Return the folded names by which a search finds the user: the username, the first, last and full name.

    The first one is the name of a direct chat with the user. The last one begins with the last name, and is empty
    without a first and a last name.
    """
    first, last = user.first_name, user.last_name
    names = (user.full_name or user.username, user.username, first, last)
    folded = (searchable(name, characters)[:MAX_SEARCHABLE_LENGTH] for name in names)
    turned = searchable(f"{last} {first}", characters)[:MAX_SEARCHABLE_LENGTH] + _TURNED if first and last else ""
    return (*dict.fromkeys(name for name in folded if name), turned)


def best_place(names: Sequence[str], query: NameQuery) -> tuple[int, str] | None:
    """Return the sort key of the best match in a user's folded names; None if a word is in none of them.

    A name that begins with the phrase is best, then one that begins with the first word, then one that contains it
    elsewhere. The rest of the name from the match on decides between equals.
    """
    start = best_start(names, query)
    if start is not None:
        return start
    if not _have_all_words(names, query):
        return None
    return min(
        (1 if place == 0 else 2, name[place : place + MAX_SEARCHED_LENGTH])
        for name in names
        for place in _places(query.words[0], name)
    )


def best_start(names: Sequence[str], query: NameQuery) -> tuple[int, str] | None:
    """Return the result of `best_place` if one of the names begins with the phrase; None otherwise."""
    starts = [name[:MAX_SEARCHED_LENGTH] for name in names if name.startswith(query.phrase)]
    return (0, min(starts)) if starts and _have_all_words(names, query) else None


def _have_all_words(names: Sequence[str], query: NameQuery) -> bool:
    return all(any(word in name for name in names) for word in query.words)


def _places(word: str, name: str) -> Iterator[int]:
    """Yield the places at which the word is in the name."""
    place = name.find(word)
    while place >= 0:
        yield place
        place = name.find(word, place + 1)
