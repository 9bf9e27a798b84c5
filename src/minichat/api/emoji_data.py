"""The emoji of the web client's picker, made from the names in the package `emoji`.

The module `emoji` would keep 10 MB of every worker, so this one reads its files.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unicodedata import normalize

import orjson

from minichat.api.emoji_groups import GROUPS

_NEWEST_VERSION = 15.1
"""The emoji of later versions are missing in the fonts of many devices."""
_FULLY_QUALIFIED = 2
_COUNTRY = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LIGHT = _TONES[0]
_VARIATION_SELECTOR = "\ufe0f"
_SHORT_I_AT_END = re.compile(r"(?<=[ыоеу])и\b|(?<=[кшщ]и)и(?=\b|ся\b)")
_REPAIRED = {
    "джоистик": "джойстик",
    "лаинер": "лайнер",
    "полицеиск": "полицейск",
    "слаидер": "слайдер",
    "строика": "стройка",
    "студиин": "студийн",
    "таимер": "таймер",
    "о ва ": "о-ва ",
}
"""Parts of Russian names from which the package `emoji` has removed a mark or a hyphen."""
_Entry = list[str]


def emoji_data(language: str) -> bytes:
    """Return the emoji with their names in a language, as JSON: `{"groups": [{"key": "smileys", "emoji": [...]}]}`.

    Each emoji is a list: the emoji, its name, other words to search for, and its form with a light skin if its skin has
    tones. For the other tones, replace the light one.
    """
    folder = _folder()
    known: dict[str, dict[str, Any]] = orjson.loads((folder / "emoji.json").read_bytes())
    english = {emoji: _words(entry["en"]) for emoji, entry in known.items()}
    names = english if language == "en" else english | _translated(folder, language)
    shown = [
        emoji for emoji, entry in known.items() if entry["status"] == _FULLY_QUALIFIED and entry["E"] <= _NEWEST_VERSION
    ]
    light = {_without_tone(emoji): emoji for emoji in filter(_is_light, shown)}
    groups: dict[str, list[_Entry]] = {key: [] for key in GROUPS}
    for key, emoji in _in_order(shown, names):
        name = names[emoji]
        aliases = [english[emoji], *map(_words, known[emoji].get("alias", ()))]
        more = dict.fromkeys(word for alias in aliases for word in alias.lower().split())
        other = " ".join(word for word in more if word not in name.lower())
        with_tone = light.get(emoji.replace(_VARIATION_SELECTOR, ""))
        groups[key].append([emoji, name, other, with_tone] if with_tone else [emoji, name, other])
    return orjson.dumps({"groups": [{"key": key, "emoji": emoji} for key, emoji in groups.items()]})


def _folder() -> Path:
    spec = find_spec("emoji")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "unicode_codes"


def _translated(folder: Path, language: str) -> dict[str, str]:
    names: dict[str, str] = orjson.loads((folder / f"emoji_{language}.json").read_bytes())
    words = {emoji: _words(name) for emoji, name in names.items()}
    return {emoji: _repaired(name) for emoji, name in words.items()} if language == "ru" else words


def _repaired(name: str) -> str:
    """Return a Russian name with й where the package `emoji` has и."""
    name = _SHORT_I_AT_END.sub("й", name)
    for wrong, right in _REPAIRED.items():
        name = name.replace(wrong, right)
    return name


def _in_order(shown: list[str], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the group of each emoji without a tone, and the emoji. Countries are sorted by their names."""
    places = {first: (index, key) for index, (key, first) in enumerate(_listed())}
    found = []
    for emoji in shown:
        if _COUNTRY.fullmatch(emoji):
            found.append((len(places), normalize("NFD", names[emoji]), "flags", emoji))
        elif not set(emoji) & {*_TONES}:
            index, key = places[emoji[0]]
            found.append((index, emoji, key, emoji))
    return ((key, emoji) for _, _, key, emoji in sorted(found))


def _listed() -> Iterator[tuple[str, str]]:
    return ((key, first) for key, listed in GROUPS.items() for first in listed)


def _without_tone(emoji: str) -> str:
    return emoji.replace(_LIGHT, "").replace(_VARIATION_SELECTOR, "")


def _is_light(emoji: str) -> bool:
    return set(emoji) & {*_TONES} == {_LIGHT}


def _words(name: str) -> str:
    return name.strip(":").replace("_", " ")
