"""The port `Characters`, and the search fold and the queries for people on the adapter that the server has.

The unit tests of the domain run without the package that has these tables.
"""

import unicodedata

import emoji
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.memory import PlainCharacters
from minichat.domain import search
from minichat.domain.message_words import START, searchable_text
from minichat.domain.search import name_query, searchable

UNICODE = UnicodeCharacters()
INVISIBLE = [
    "\u200b",
    "\u200d\u200c",
    "\ufe0f",
    "\u00ad\u2060",
    "\u115f\u1160",
    "\u3164",
    "\uffa0",
    "\u180e\u180b",
    "\u034f",
    "\u17b4",
    "\U000e0020\U000e007f",
    "\U000e0100",
    "\U0001d173",
    "\ufdd0",
    "\uffff\U0010ffff",
    "\u2065",
    " \u200b\u3000",
    "\u2800",
    "\ufffa",
]


def fold(text: str) -> str:
    return search.fold(text, UNICODE)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        # the letter I, with and without its dot
        ("Işık", "ışık"),
        ("IŞIK", "işik"),
        ("İŞIK", "isik"),
        ("ışık", "ISIK"),
        ("i\u0307pek", "İPEK"),
        # Latin marks
        ("José", "jose"),
        ("Jose\u0301", "JOSÉ"),
        ("Nguyễn Thị Đào", "nguyen thi dao"),
        ("Zoë", "ZOE\u0308"),
        ("Šárka Černá", "sarka cerna"),
        ("m\u0302\u0323", "M"),
        ("a\u20dd", "a"),
        # letters without a decomposition
        ("Łukasz", "lukasz"),
        ("Bjørn", "bjorn"),
        ("Đorđe", "dorde"),
        ("Guðrún", "gudrun"),
        ("Ħal Ŧarxien", "hal tarxien"),
        ("Æsop Œuvre", "aesop oeuvre"),
        ("Ǽ ǿ", "ae o"),
        # case
        ("Straße", "STRASSE"),
        ("STRAẞE", "straße"),
        ("ﬁona ﬄ", "FIONA FFL"),
        ("Ǆ ǅ ǆ", "dz dz dz"),
        ("\u212aelvin \u212b", "kelvin a"),
        ("ſ", "S"),
        ("ＡＮＮ ｎｏ１", "ann no1"),
        ("𝒜nn Ⓐ", "ann a"),
        ("გიორგი", "ᲒᲘᲝᲠᲒᲘ"),
        ("ꭰꮳꮃ", "ᎠᏣᎳ"),
        ("𐐨", "𐐀"),
        # Greek
        ("Γιώργος", "ΓΙΩΡΓΟΣ"),
        ("Γιώργος", "γιωργοσ"),
        ("ΐ ΰ", "ι υ"),
        ("ᾳ", "ΑΙ"),
        ("Ὀδυσσεύς", "οδυσσευς"),
        # Cyrillic
        ("Алёна", "алена"),
        ("Андрей", "АНДРЕИ"),
        ("Їжак", "іжак"),
        ("Ко\u0301нстантин", "константин"),
        # Arabic
        ("أحمد", "احمد"),
        ("إيمان آمنة", "ايمان امنة"),
        ("مُحَمَّد", "محمد"),
        ("مـُحمد", "مـحمد"),
        ("مؤمن", "مومن"),
        ("ﻣﺤﻤﺪ", "محمد"),
        # Hebrew
        ("שָׁלוֹם", "שלום"),
        ("\ufb2a", "ש"),
        # apostrophes and hyphens, of which keyboards and word processors write several
        ("Мар\u02bcяна", "Мар'яна"),
        ("Мар’яна", "мар\u02bcяна"),
        ("O’Brien", "o'brien"),
        ("O\u2018Brien", "O＇Brien"),
        ("Hawai\u02bbi", "hawai'i"),
        ("\u0149", "'N"),
        ("Jean\u2011Pierre", "jean-pierre"),
        ("Jean\u2010Pierre", "jean\u2011pierre"),
        # characters that only shape the text around them
        ("علی\u200cرضا", "علیرضا"),
        ("نرم\u200cافزار", "نرمافزار"),
        ("ᄀ\u200cᅡ", "가"),
        ("e\u200c\u0301", "e"),
        ("Müller\u00adstraße", "mullerstrasse"),
        # emoji
        ("👍🏽", "👍"),
        ("👍", "👍🏿"),
        ("❤️", "❤"),
        ("✌️🏽 ✌🏽", "✌ ✌"),
        ("👩🏽‍🤝‍👨🏿", "👩‍🤝‍👨"),
        ("1️⃣", "1⃣"),
        # canonical equivalence in other scripts
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("ガガ", "ｶﾞｶﾞ"),
        ("क़", "क\u093c"),
        ("葛\U000e0100城", "葛城"),
    ],
)
def test_texts_that_people_take_as_equal_fold_to_one(text: str, query: str) -> None:
    assert fold(text) == fold(query)


@pytest.mark.parametrize(
    "texts",
    [
        ("किताब", "कताब", "कीताब"),
        ("क", "क\u093c", "क\u094d"),
        ("มา", "ม่า", "มี"),
        ("ကာ", "က", "ကို"),
        ("தமிழ்", "தமழ"),
        ("が", "か"),
        ("각", "가"),
        ("ы", "и", "е", "э"),
        ("ه", "ة", "ا", "ی"),
        ("þ", "th", "o", "oe"),
        ("👍", "👎", "👍👍"),
        ("👩‍💻", "👩💻"),
        ("🇫🇷", "🇷🇫"),
        ("a\u200db", "ab"),
        ("1", "²²", "½"),
        ("o'brien", "obrien", "o brien", 'o"brien'),
        ("a-b", "ab", "a b", "a–b"),
    ],
)
def test_other_texts_stay_distinct(texts: tuple[str, ...]) -> None:
    assert len({fold(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("swatch", ["🏽", "🏽👍", "a🏽"])
def test_a_skin_tone_without_an_emoji_before_it_stays(swatch: str) -> None:
    assert fold(swatch) == swatch


@pytest.mark.parametrize(
    "text", ["ΰ", "ᾳ", "ﬃ", "İ", "ǰ", "ϓ", "㎯", "\u0345", "ᾼ\u0301", "ẛ\u0323", "ℹ🏽", "ᄀ\ufe0fᅡ"]
)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


LETTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    "iıİ\u0307\u0301\u0323\u0327\u0345\u034f\u093c\u094d\u05b0\u064b\u0654\u20dd\ufe0f\u200d\u200c\u00ad\U0001f3fd"
    "\U0001f44d\u212a\ufb01\u01c4øæßẞςσ각각कกا\U000e0100\u0149\u02bc\u2019\u2011"
)


@given(st.text(LETTERS))
def test_folding_any_text_twice_is_folding_it_once(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded


@given(st.text(LETTERS))
def test_every_normal_form_and_case_folds_to_one(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)


PLAIN = "".join(map(chr, range(128))) + "".join(map(chr, range(ord("А"), ord("я") + 1))) + "ЁёЄєІіЇїЎўҐґ"


@given(st.text(PLAIN, max_size=20))
@example(PLAIN)
def test_plain_text_folds_alike_by_either_rule(text: str) -> None:
    assert fold(f"{text}é") == f"{fold(text)}e"


@given(st.text(PLAIN, max_size=20))
@example(PLAIN)
def test_plain_text_has_the_same_words_by_either_rule(text: str) -> None:
    words = UNICODE.words(fold(text))
    assert searchable_text(text, UNICODE) == " ".join(f"{START}{word}" for (word,) in words)


@pytest.mark.parametrize("text", ["José Işık", "Γιώργος", "Алёна", "أحمد", "שָׁלוֹם", "किताब", "👍🏽 ❤️", "ＡＮＮ", "가나"])
def test_the_stand_in_for_tests_folds_common_texts_alike(text: str) -> None:
    assert search.fold(text, PlainCharacters()) == fold(text)


# The words of a query


@pytest.mark.parametrize(
    ("typed", "phrase", "words"),
    [
        ("ann", "ann", ("ann",)),
        ("@ann", "ann", ("ann",)),
        ("＠Ann", "ann", ("ann",)),
        ("@ ann", "ann", ("ann",)),
        ("@@ann", "@ann", ("@ann",)),
        ("ann@home", "ann@home", ("ann@home",)),
        ("Иванов  Иван", "иванов иван", ("иванов",)),
        ("Иван Петров", "иван петров", ("петров", "иван")),
        ("lee\u3000ann\u00a0x", "lee ann x", ("lee", "ann", "x")),
        ("an ann an", "an ann an", ("ann",)),
        ("@", "", ()),
        ("\ufe0f", "", ()),
        ("", "", ()),
    ],
)
def test_a_query_becomes_its_phrase_and_its_words(typed: str, phrase: str, words: tuple[str, ...]) -> None:
    query = name_query(typed, UNICODE)
    assert (query.phrase, query.words, query.typed) == (phrase, words, typed)


def test_the_spaces_of_a_searchable_name_are_single() -> None:
    assert searchable("  Anna \u3000 Maria\t", UNICODE) == "anna maria"


# Emoji


def test_every_emoji_of_unicode_is_one_emoji_in_its_fully_qualified_form() -> None:
    qualified = [text for text, data in emoji.EMOJI_DATA.items() if data["status"] == emoji.STATUS["fully_qualified"]]
    assert [text for text in qualified if UNICODE.emoji(text) != text] == []
    assert len(qualified) > 3_600
    partly = [text for text, data in emoji.EMOJI_DATA.items() if data["status"] == emoji.STATUS["minimally_qualified"]]
    assert [text for text in partly if UNICODE.emoji(text) not in qualified] == []


ENGLAND = "\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "👍👍",
        "👍 ",
        "👍\n",
        "👍\0",
        "👍\u200d",
        "\u200d👍",
        "👍🏽🏿",
        "❤\ufe0e",
        "👍\ufe0f\ufe0f",
        "👨\u200d" * 16 + "👨",
        "🇩",
        "🇿🇿",
        "🇩🇪🇫🇷",
        "🏴" + ENGLAND[:-1],
        "👍" + ENGLAND,
        "🏴" + "\U000e0061" * 6 + "\U000e007f",  # hidden text
        "🏴" + "\U000e0075\U000e0073\U000e0030\U000e0030\U000e007f",
        "🏴" + ENGLAND + ENGLAND,
        "\ufe0f",
        "\u20e3",
    ],
    ids=ascii,
)
def test_other_text_is_not_one_emoji(text: str) -> None:
    assert UNICODE.emoji(text) is None


# Text that shows nothing


@pytest.mark.parametrize("text", [*INVISIBLE, "", " \n\t", "\u2003\u00a0\u3000", "\u2028"], ids=ascii)
def test_text_that_shows_nothing_is_blank(text: str) -> None:
    assert UNICODE.is_blank(text)
    assert not UNICODE.is_blank(f"{text}.")


@pytest.mark.parametrize(
    "text",
    [
        *("\U0001fae9", "\U0001fac8", "\U0001f6d8", "\U0001fadf"),  # emoji of Unicode 16 and 17: Python 3.11 knows 14
        *("\U0001faff", "\U0001f8ff"),  # reserved for later emoji
        *("👍🏽", "🏽", "❤\ufe0f", "👩\u200d💻", "🇫🇷", "🇫", "1\ufe0f\u20e3"),
        *("\u0301", "ʼ", "।", "\ue000", "\U0010fffd", "\u0600", "\ufffc", "\u2801", ".", "x"),
    ],
    ids=ascii,
)
def test_other_text_is_not_blank(text: str) -> None:
    assert not UNICODE.is_blank(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\u3164", "\ufe0f", "\uffff", "x", "👍", "\U0001fae9", "\u0301", "я\u200b"]
)
def test_the_stand_in_for_tests_knows_blank_text_alike(text: str) -> None:
    assert PlainCharacters().is_blank(text) is UNICODE.is_blank(text)


@pytest.mark.parametrize("word", ["5\u0303", "чай", "José", "x" * 33, "👍🏽", "ﷺ"])
def test_a_word_of_a_message_is_the_same_beside_other_text(word):
    alone = searchable_text(word, UNICODE)
    for text in (f"{word} 茶", f"茶\u3000{word}", f"tea\n{word}\t茶 {word}"):
        assert alone in searchable_text(text, UNICODE)
