"""The normal form and the limits of text."""

import time

import pytest

from builders import issues_of
from minichat.adapters.memory import PlainCharacters
from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.text import Fields, TooManyMarks, clean_text


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_becomes_a_newline(line_end):
    assert clean_text(f"one{line_end}two{line_end}") == "one\ntwo\n"


def test_a_carriage_return_before_an_empty_line_is_one_line_end():
    assert clean_text("a\r\r\nb") == "a\n\nb"


def test_text_becomes_nfc():
    assert clean_text("cafe\u0301 и\u0306") == "café й"


def test_nfc_leaves_compatibility_forms_alone():
    assert clean_text("ﬁ ａ ①") == "ﬁ ａ ①"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "\ttab and\nnewline",
        '"quotes" and \\ and \'',
        "Привет, мир",
        "日本語",
        "👩\u200d👩\u200d👧 family",
        "שלום \u202bעולם\u202c",
        "\u2028",
        "  spaces at both ends  ",
        "\U0010fffd",
        "",
    ],
)
def test_other_text_stays_unchanged(text):
    assert clean_text(text) == text


@pytest.mark.parametrize("char", ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused(char):
    with pytest.raises(ValueError, match="is not allowed"):
        clean_text(f"a{char}b")


@pytest.mark.parametrize("char", [chr(0xD800), chr(0xDBFF), chr(0xDC00), chr(0xDFFF)])
def test_lone_surrogates_are_refused(char):
    with pytest.raises(ValueError, match="is not allowed"):
        clean_text(f"a{char}b")


def test_a_body_is_kept_with_its_white_space():
    fields = Fields()
    assert fields.body("content", "  two\n\nlines\t", least=1, most=100) == "  two\n\nlines\t"
    assert issues_of(fields.check) == {}


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\u2003\u00a0"])
def test_a_body_of_white_space_is_blank_where_something_is_needed(text):
    fields = Fields()
    fields.body("content", text, least=1, most=100)
    assert issues_of(fields.check) == {"content": ["blank"]}


def test_a_body_may_be_blank_where_nothing_is_needed():
    fields = Fields()
    assert fields.body("description", " \n", most=100) == " \n"
    assert issues_of(fields.check) == {}


@pytest.mark.parametrize(("text", "code"), [("ab", "too_short"), ("abcdef", "too_long")])
def test_length_has_two_ends_that_the_issue_names(text, code):
    fields = Fields()
    fields.body("field", text, least=3, most=5)
    with pytest.raises(InvalidInput) as caught:
        fields.check()
    limits = {"least": 3} if code == "too_short" else {"most": 5}
    assert caught.value.issues == {"field": [Issue(code, limits)]}


@pytest.mark.parametrize("text", ["abc", "abcde", "😀😀😀😀😀", "e\u0301" * 5, "a\r\nb\r\nc"])
def test_length_counts_the_code_points_of_the_normal_form(text):
    fields = Fields()
    fields.body("field", text, least=3, most=5)
    assert issues_of(fields.check) == {}


def test_a_line_is_stripped():
    fields = Fields()
    assert fields.line("name", " \t\n Ann's room \u2003", least=1, most=10) == "Ann's room"
    assert issues_of(fields.check) == {}


@pytest.mark.parametrize("text", ["two\nlines", "two\r\nlines", "two\rlines", "a\ttab"])
def test_a_line_holds_no_line_breaks_or_tabs(text):
    fields = Fields()
    fields.line("name", text, most=100)
    assert issues_of(fields.check) == {"name": ["not_one_line"]}


def test_control_characters_of_a_field_are_one_issue():
    fields = Fields()
    assert fields.line("name", "a\0", least=5, most=100) == ""
    assert issues_of(fields.check) == {"name": ["control_characters"]}


def test_all_issues_are_reported_together():
    fields = Fields()
    fields.line("name", "", least=1, most=5)
    fields.body("description", "123456", most=5)
    fields.wrong("description", "rude")
    assert issues_of(fields.check) == {"name": ["blank"], "description": ["too_long", "rude"]}


STACKED = "a" + "\u0301" * 60_000 + "\u0327" * 60_000


def test_a_letter_has_at_most_thirty_marks():
    fields = Fields()
    most = "a" + "\u0301\u0327" * 15
    assert len(fields.body("content", most, most=100)) == 31 - 1
    fields.body("too many", most + "\u0301", most=100)
    assert issues_of(fields.check) == {"too many": ["too_many_marks"]}


def test_text_that_is_slow_to_normalise_is_rejected_first():
    started = time.perf_counter()
    with pytest.raises(TooManyMarks):
        clean_text(STACKED)
    fields = Fields()
    fields.line("name", STACKED, most=100)
    fields.body("content", STACKED, most=4_000)
    assert time.perf_counter() - started < 0.5
    assert issues_of(fields.check) == {"name": ["too_long"], "content": ["too_long"]}


def test_an_unstripped_line_cannot_end_with_a_line_break():
    fields = Fields()
    fields.line("client_id", "a\n", most=10, strip=False)
    assert issues_of(fields.check) == {"client_id": ["not_one_line"]}


# Names and content


CHARACTERS = PlainCharacters()


@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("text", [" ", "\t \n", "\u200b", " \u3164 ", "\ufe0f"])
def test_a_name_that_shows_nothing_is_blank(text, least):
    fields = Fields()
    fields.name("name", text, CHARACTERS, most=100, least=least)
    assert issues_of(fields.check) == {"name": ["blank"]}


def test_a_name_may_be_empty_where_none_is_needed():
    fields = Fields()
    assert fields.name("optional", "", CHARACTERS, most=100) == ""
    fields.name("needed", "", CHARACTERS, most=100, least=1)
    assert issues_of(fields.check) == {"needed": ["blank"]}


@pytest.mark.parametrize("control", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_name_holds_no_bidirectional_controls_and_content_may(control):
    fields = Fields()
    fields.name("name", f"a{control}b", CHARACTERS, most=100)
    assert fields.content("content", f"a{control}b", CHARACTERS, most=100) == f"a{control}b"
    assert issues_of(fields.check) == {"name": ["bidirectional_controls"]}


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200d", "\u2060\ufeff"])
def test_content_that_shows_nothing_is_blank(text):
    fields = Fields()
    fields.content("content", text, CHARACTERS, most=100)
    assert issues_of(fields.check) == {"content": ["blank"]}


def test_names_and_content_keep_their_invisible_characters():
    fields = Fields()
    assert fields.name("name", " 👩\u200d💻\ufe0f ", CHARACTERS, most=100) == "👩\u200d💻\ufe0f"
    assert fields.content("content", " \u200bx\u202e ", CHARACTERS, most=100) == " \u200bx\u202e "
    assert issues_of(fields.check) == {}
