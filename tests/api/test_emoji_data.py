"""The emoji of the web client's picker."""

import gzip
from importlib.resources import files
from typing import Any

import emoji
import orjson
import pytest

from minichat.adapters.characters import UnicodeCharacters
from minichat.api.emoji_data import emoji_data
from minichat.api.emoji_groups import GROUPS
from minichat.api.web_client import WebClient

TONES = "🏻🏼🏽🏾🏿"
LIGHT = TONES[0]
NEWEST_VERSION = 15.1


@pytest.fixture(scope="module", params=["en", "ru"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def data(language: str) -> bytes:
    return emoji_data(language)


@pytest.fixture(scope="module")
def groups(data: bytes) -> dict[str, list[list[str]]]:
    return {group["key"]: group["emoji"] for group in orjson.loads(data)["groups"]}


def named(groups: dict[str, list[list[str]]]) -> dict[str, list[str]]:
    """Return the name, the words and the light form of each emoji."""
    return {emoji: rest for entries in groups.values() for emoji, *rest in entries}


def with_tones(groups: dict[str, list[list[str]]]) -> set[str]:
    """Return all emoji with a tone that the picker composes."""
    light = [rest[2] for rest in named(groups).values() if len(rest) == 3]
    return {form.replace(LIGHT, tone) for form in light for tone in TONES}


def test_the_picker_has_every_emoji_but_those_with_two_tones_and_the_newest(groups: dict[str, Any]) -> None:
    shown = set(named(groups)) | with_tones(groups)
    known = {
        text
        for text, entry in emoji.EMOJI_DATA.items()
        if entry["status"] == emoji.STATUS["fully_qualified"] and entry["E"] <= NEWEST_VERSION
    }
    assert shown <= known
    assert all(len(set(text) & set(TONES)) == 2 for text in known - shown)


def test_the_api_accepts_every_emoji_of_the_picker_and_returns_the_same(groups: dict[str, Any]) -> None:
    characters = UnicodeCharacters()
    for text in (*named(groups), *with_tones(groups)):
        assert characters.emoji(text) == text, ascii(text)


def test_each_group_has_its_emoji_in_the_order_of_keyboards(groups: dict[str, Any]) -> None:
    assert list(groups) == list(GROUPS)
    first = {key: "".join(entry[0] for entry in entries[:3]) for key, entries in groups.items()}
    assert first["smileys"] == "😀😃😄"
    assert first["people"] == "👋🤚🖐️"
    assert first["flags"] == "🏁🚩🎌"
    assert all(len(entries) > 80 for entries in groups.values())


def test_every_emoji_has_a_name_in_the_language(language: str, groups: dict[str, Any]) -> None:
    found = named(groups)
    assert all(name.strip() and "_" not in name and ":" not in name for name, *_ in found.values())
    english, russian = "grinning face", "широко улыбается"
    assert found["😀"][0] == {"en": english, "ru": russian}[language]


def test_russian_names_have_their_short_i() -> None:
    found = named({group["key"]: group["emoji"] for group in orjson.loads(emoji_data("ru"))["groups"]})
    expected = {"🕹️": "джойстик", "🧑‍⚕️": "медицинский работник", "🏗️": "стройка", "🦸": "супергерой", "🎚️": "слайдер"}
    assert {text: found[text][0] for text in expected} == expected
    words = {word for name, *_ in found.values() for word in name.split()}
    assert {"черный", "поцелуй", "полицейский", "таймер", "лайнер", "студийный", "нахмурившийся", "следующий"} <= words
    assert {"Японии", "Микронезии", "вибрации", "изумлении", "территории", "видеоигры", "стоит", "воинское"} <= words


def test_an_emoji_is_found_by_its_english_short_codes_too(groups: dict[str, Any]) -> None:
    found = named(groups)
    assert "thumbsup" in found["👍"][1].split()
    assert "ocean" in found["🌊"][1].split()


def test_the_data_is_small_and_made_once(language: str, data: bytes) -> None:
    assert len(gzip.compress(data)) < 60_000
    made = []

    def make() -> bytes:
        made.append(language)
        return data

    name = f"emoji.{language}.json"
    client = WebClient(files("minichat") / "web", {name: make})
    first, second = client.file(name), client.file(name)
    assert first is second
    assert first is not None
    assert (first.content_type, first.plain(), made) == ("application/json", data, [language])
