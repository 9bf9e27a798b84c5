"""The words of a message, the query for them, and the rule by which a query matches.

A word is a run of letters, digits and marks; each emoji is a word; all else separates. A word consists of *units*: in a
script that is written without spaces each character is a unit, and the rest between such characters is one unit. A
match may begin where a unit begins. So Latin words are found from their first letter on, and Chinese text anywhere.

The *searchable text* of a message has a mark before each unit, and a space between words. A query matches if the text
contains each of its words, which are written in the same way. Every adapter decides with `matches`. An index of
`index_words` may only propose candidates. This module reads no store.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from minichat.domain.message_rules import MAX_CONTENT_LENGTH
from minichat.domain.model import FoundMessages, Message, MessageQuery, SoughtWord
from minichat.domain.ports.characters import Characters
from minichat.domain.search import fold, is_plain

START = "\x1f"
"""The mark before each unit. No text of a user holds a control character."""
MAX_INDEXED_LENGTH = 32
"""Number of code points of a word that an index holds. `matches` compares the whole word."""
MAX_SOUGHT = 8
"""Maximum number of words that a query looks up in an index."""

MAX_COMPARED = 100_000
"""Number of code points that a search compares, which takes less than 0.1 s. Few queries compare so many in vain."""
ASCII_IS_FASTER, EACH_COSTS, EACH_WORD_COSTS = 8, 20, 10
"""The work for text in ASCII, for each message, and for each word that is not in the cache, relative to one code point
of other text."""
MAX_CACHED_WORDS = 150
"""Number of words of a message that are folded one by one, with a cache. Words that are not in the cache take ten times
as long as all at once, and others a tenth."""

_MAX_FOLDED_LENGTH = 2 * MAX_CONTENT_LENGTH
"""Number of code points that are searched. One letter can fold into eighteen, and folding them all takes 0.1 s."""
_MAX_EXPANSION = 18
_PLAIN_WORDS = re.compile("[0-9a-zа-яєіґ]+")
_LOST_EMOJI = re.compile("([\u203c\u2049])")
"""The two emoji that the fold turns into punctuation."""


def searchable_text(content: str, characters: Characters) -> str:
    """Return the searchable text of a message, empty if it has no words."""
    if is_plain(content):
        words = _PLAIN_WORDS.findall(fold(content, characters))
        return START + f" {START}".join(words) if words else ""
    if len(content) * _MAX_EXPANSION > _MAX_FOLDED_LENGTH:
        expanded = unicodedata.normalize("NFKC", content)
        content = expanded[:_MAX_FOLDED_LENGTH] if len(expanded) > _MAX_FOLDED_LENGTH else content
    given = content.split()
    if len(given) > MAX_CACHED_WORDS:
        return _searchable_words(content, characters)
    # People use the same words again and again. No letter or emoji combines with a character beyond white space.
    parts = [
        _cached_words(part, characters)  # type: ignore[arg-type]  # the adapters have no `__eq__`, so they are hashable
        if len(part) <= MAX_INDEXED_LENGTH
        else _searchable_words(part, characters)
        for part in given
    ]
    return " ".join(filter(None, parts))


def _searchable_words(part: str, characters: Characters) -> str:
    """Return the searchable text of a message, or of a part of it between white space."""
    # Every other part is an emoji.
    plain, *others = _LOST_EMOJI.split(part)
    words = list(characters.words(fold(plain, characters)))
    for emoji, following in zip(others[::2], others[1::2], strict=True):
        words.append([emoji])
        words += characters.words(fold(following, characters)) if following else ()
    return " ".join([START + START.join(units) for units in words])


_cached_words = lru_cache(maxsize=4_096)(_searchable_words)
"""The same, for short parts. It takes about a megabyte."""


def message_query(typed: str, characters: Characters) -> MessageQuery:
    """Return the query that a user has typed. It has no words if the text has none."""
    words: list[str] = []
    # The longest first, so that each word meets those that it is a part of.
    for word in sorted(set(_words(searchable_text(typed, characters))), key=lambda word: (-len(word), word)):
        if not any(word in longer for longer in words):
            words.append(word)
    return MessageQuery(tuple(words), tuple(_sought(words)))


def matches(text: str, query: MessageQuery) -> bool:
    """Return whether a searchable text contains all words of the query."""
    return all(word in text for word in query.words)


def compared(
    candidates: Iterable[Message], query: MessageQuery, characters: Characters, limit: int, most: int = MAX_COMPARED
) -> FoundMessages:
    """Return the first `limit` matches among the candidates, which are in order, the newest first.

    Stop early when their texts together have more than `most` code points.
    """
    found: list[Message] = []
    last_id = 0
    for message in candidates:
        if most <= 0:
            return FoundMessages(found, rest=last_id)
        text = searchable_text(message.content, characters)
        length = max(len(text), len(message.content))
        most -= EACH_COSTS + (length // ASCII_IS_FASTER if message.content.isascii() else length)
        words = 0 if message.content.isascii() else text.count(" ") + 1
        most -= EACH_WORD_COSTS * words if words <= MAX_CACHED_WORDS else 0
        last_id = message.id
        if matches(text, query):
            found.append(message)
            if len(found) == limit:
                break
    return FoundMessages(found)


def merged(first: FoundMessages, second: FoundMessages, limit: int) -> FoundMessages:
    """Return the first `limit` matches of two searches for the same among different candidates."""
    rest = max((found.rest for found in (first, second) if found.rest is not None), default=None)
    messages = sorted({*first.messages, *second.messages}, key=lambda message: -message.id)
    return FoundMessages([message for message in messages if message.id >= (rest or 0)][:limit], rest)


def index_words(text: str) -> Sequence[str]:
    """Return the words by which an index finds a searchable text, each once.

    There is one for each unit: the unit itself, or for a single character, together with the first one of the next unit
    of the same word. Two characters select better than one.
    """
    if text.count(START) == text.count(" ") + 1:  # each word is one unit
        return list(dict.fromkeys(word[:MAX_INDEXED_LENGTH] for word in text[1:].split(f" {START}")))
    found: dict[str, None] = {}  # ordered
    for word in _words(text):
        units = _units(word)
        if len(units) == 1:
            found[word[1 : MAX_INDEXED_LENGTH + 1]] = None
            continue
        for unit, following in pairwise([*units, ""]):
            found[_indexed(unit, following)] = None
    return list(found)


def _words(text: str) -> list[str]:
    return text.split(" ") if text else []  # without an argument, `split` would also split at `START`


def _units(word: str) -> list[str]:
    return word.split(START)[1:]


def _indexed(unit: str, following: str) -> str:
    return unit + following[:1] if len(unit) == 1 else unit[:MAX_INDEXED_LENGTH]


def _sought(words: Sequence[str]) -> list[SoughtWord]:
    """Return words that the index has of every text with these words: at most `MAX_SOUGHT`, the longest first."""
    found: dict[SoughtWord, None] = {}
    for word in words:
        units = _units(word)
        for unit, following in pairwise(units):
            found[SoughtWord(_indexed(unit, following), is_whole=True)] = None
        # A last character is a part of the indexed word before it.
        if not all(len(unit) == 1 for unit in units[-2:]) or len(units) == 1:
            found[SoughtWord(units[-1][:MAX_INDEXED_LENGTH], is_whole=False)] = None
    return sorted(found, key=lambda sought: -len(sought.text))[:MAX_SOUGHT]
