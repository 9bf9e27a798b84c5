"""The rules for the fields of an account."""

import unicodedata

import pytest

from builders import issues_of
from minichat.adapters.memory import PlainCharacters, email_address, is_common_password, mixes_scripts
from minichat.adapters.memory import username_key as key_of
from minichat.domain.accounts import (
    check_avatar_url,
    check_email,
    check_name,
    check_password,
    check_username,
    normal_password,
    username_key,
)
from minichat.domain.text import Fields

CHARACTERS = PlainCharacters()


def username(text):
    fields = Fields()
    name, _ = check_username(fields, text, CHARACTERS, key_of, mixes_scripts)
    return name if issues_of(fields.check) == {} else issues_of(fields.check)["username"]


def password(text, key="ann"):
    fields = Fields()
    check_password(fields, "password", text, key_of, key, is_common_password)
    return issues_of(fields.check).get("password", [])


@pytest.mark.parametrize(
    "name", ["ann", "Ann", "a.n-n_1", "анна", "日本語", "a" * 32, "éva", "मनीष", "٣٤٥", "___", "x" * 31 + "é"]
)
def test_a_username_may_have_letters_and_digits_of_any_script_and_some_punctuation(name):
    assert username(name) == name


def test_a_username_is_shown_as_typed_and_compared_by_its_key():
    assert check_username(Fields(), "Ａnn", CHARACTERS, key_of, mixes_scripts) == ("Ａnn", "ann")


def test_a_username_is_stripped_and_normalised():
    assert username("  eva\u0301 ") == "evá"


@pytest.mark.parametrize(
    ("name", "issue"),
    [("", "blank"), ("   ", "blank"), ("an", "too_short"), ("a" * 33, "too_long"), ("ann\0", "control_characters")],
)
def test_a_username_has_3_to_32_characters(name, issue):
    assert username(name) == [issue]


def test_the_length_of_a_username_counts_code_points():
    assert username("я" * 32) == "я" * 32
    assert username("𝒜𝒜") == ["too_short"]


@pytest.mark.parametrize("char", [" ", "@", "/", "\\", "😀", "<", "'", "\u200d", "\u202e", "|", "+", "№", "€", "\xad"])
def test_a_username_with_another_character_is_rejected(char):
    assert username(f"an{char}n") == ["username_characters"]


def test_a_username_is_one_line():
    assert username("an\nn") == ["not_one_line", "username_characters"]


@pytest.mark.parametrize("name", ["аnn", "дmitry", "ωmega"], ids=ascii)
def test_a_username_does_not_mix_scripts(name):
    assert username(name) == ["mixed_scripts"]


@pytest.mark.parametrize(
    "name",
    [
        *["\u0301ann", "\u0301\u0301\u0301", "\u0903ann", "ann\u0335", "a\u0338nn", "u\u0308\u0308rsel"],
        *["i\u0307van", "i\u0323\u0307van", "al\u0307ex", "a\u0300\u0301\u0302\u0303\u0304b", "_\u0301\u0301_"],
    ],
    ids=ascii,
)
def test_a_username_hides_no_marks(name):
    assert username(name) == ["hidden_marks"]


@pytest.mark.parametrize("name", ["İzmir", "Nguyễn", "ᾴσμα", "שָׁלוֹם", "หนึ่ง", "मनीष", "z\u0307aba"], ids=ascii)
def test_a_username_has_the_marks_of_its_language(name):
    assert username(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["deleted-user-7", "Deleted-User-", "ＤＥＬＥＴＥＤ-user-x"])
def test_a_username_does_not_pass_for_an_erased_account(name):
    assert username(name) == ["username_reserved"]


@pytest.mark.parametrize("name", ["deleted-user", "deleted_user-7", "xdeleted-user-7", "deleted-users"])
def test_a_username_may_resemble_the_reserved_form(name):
    assert username(name) == name


@pytest.mark.parametrize("name", ["all", "All", "ＡＬＬ", "everyone", "here", "Channel"])
def test_a_username_is_no_name_of_a_group(name):
    assert username(name) == ["username_of_a_group"]


@pytest.mark.parametrize("name", ["all.", "_all", "allen", "everyone1", "hereby", "channels"])
def test_a_username_may_contain_the_name_of_a_group(name):
    assert username(name) == name


def test_a_name_of_mixed_scripts_still_has_a_key():
    assert username_key("Аnn", key_of) == "аnn"


def test_a_name_without_a_key_is_rejected():
    def picky(name):
        raise ValueError(name)

    fields = Fields()
    assert check_username(fields, "ann", CHARACTERS, picky, mixes_scripts) == ("ann", "")
    assert issues_of(fields.check) == {"username": ["username_characters"]}
    assert username_key("ann", picky) is None


def test_a_key_is_computed_from_the_stripped_name():
    assert username_key(" Ann ", key_of) == "ann"
    assert username_key("  ", key_of) == ""
    assert username_key("an n", key_of) is None
    assert username_key("an\ud800", key_of) is None


@pytest.mark.parametrize("text", ["1-345678", "x" * 1024, "пароль12", "🔑" * 8, "two words ok", " leading space"])
def test_a_password_has_8_to_1024_code_points_of_any_kind(text):
    assert password(text) == []


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("", "blank"),
        ("1234567", "too_short"),
        ("x" * 1025, "too_long"),
        ("1234567\0", "control_characters"),
        ("e\u0301" * 7, "too_short"),
    ],
)
def test_an_invalid_password_is_rejected_with_its_issue(text, issue):
    assert password(text) == [issue]


@pytest.mark.parametrize("text", ["anna.lee", "ANNA.LEE", "ａｎｎａ.lee", " anna.lee "])
def test_a_password_must_not_equal_the_username_in_any_form(text):
    assert password(text, key="anna.lee") == ["password_is_username"]


@pytest.mark.parametrize("text", ["password", "PassWord", "12345678", "iloveyou"])
def test_a_common_password_is_rejected(text):
    assert password(text) == ["password_too_common"]


def test_a_password_may_hold_a_common_one():
    assert password("password and more") == []


def test_a_password_is_compared_with_the_common_ones_in_its_normal_form():
    asked = []

    def is_common(text):
        asked.append(text)
        return False

    check_password(Fields(), "password", "cafe\u0301 1234", key_of, "ann", is_common)
    assert asked == ["café 1234"]


def test_a_password_may_hold_the_username():
    assert password("anna.lee2", key="anna.lee") == []


def test_a_password_is_hashed_in_its_normal_form_with_its_white_space():
    fields = Fields()
    assert (
        check_password(fields, "password", " cafe\u0301\r\n1234 ", key_of, "ann", is_common_password) == " café\n1234 "
    )
    assert normal_password(" cafe\u0301\r\n1234 ") == " café\n1234 "


def test_the_longest_password_is_one():
    assert normal_password("x" * 1024) == "x" * 1024


@pytest.mark.parametrize("text", ["a\0", "\ud800", "x" * 1025])
def test_an_impossible_password_has_no_normal_form(text):
    assert normal_password(text) is None


def names(first_name="", last_name=""):
    fields = Fields()
    given = {"first_name": first_name, "last_name": last_name}
    result = tuple(check_name(fields, field, name, CHARACTERS) for field, name in given.items())
    return issues_of(fields.check) or result


def test_names_may_be_empty():
    assert names() == ("", "")


def test_names_are_stripped_and_otherwise_free():
    assert names(" Мария-Луиза ", "O'Neill 3rd") == ("Мария-Луиза", "O'Neill 3rd")


def test_names_have_at_most_150_characters():
    assert names("я" * 150, "я" * 150) == ("я" * 150, "я" * 150)
    assert names("я" * 151, "я" * 151) == {"first_name": ["too_long"], "last_name": ["too_long"]}


def email(text):
    fields = Fields()
    address = check_email(fields, text, email_address)
    return issues_of(fields.check).get("email", address)


@pytest.mark.parametrize("text", ["ann@example.org", "a+b@x.y.z", "анна@пример.рф"])
def test_an_email_is_kept(text):
    assert email(text) == text


def test_an_email_may_be_none():
    assert email("") == email("  ") == ""


def test_an_email_is_kept_in_its_normal_form():
    assert email(" Eva\u0301@EXAMPLE.org ") == "Evá@example.org"


@pytest.mark.parametrize(
    "text", ["ann", "ann@", "@example.org", "ann@example", "a nn@example.org", "a@b@c.d", "ann@ex..org", "ann@.org"]
)
def test_an_invalid_email_address_is_an_issue(text):
    assert email(text) == ["not_an_email"]


def test_an_email_has_at_most_254_characters():
    longest = "a" * 64 + "@" + "b" * 185 + ".org"
    assert email(longest) == longest
    assert email("a" * 64 + "@" + "b" * 186 + ".org") == email("a" * 5_000) == ["too_long"]


def avatar(url):
    fields = Fields()
    result = check_avatar_url(fields, url)
    return issues_of(fields.check) or result


@pytest.mark.parametrize(
    "url",
    ["", "https://example.org/a.png", "https://example.org:8443/?a=b#c", "https://[2001:db8::1]/a", "HTTPS://a.b/"],
)
def test_an_avatar_is_an_https_url_or_none(url):
    assert avatar(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://",
        "https:///a.png",
        "//example.org/a.png",
        "https://ann:secret@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://[::1/",
        'https://example.org/"onerror="x',
        "https://example.org/<b>",
        "https://пример.рф/",
        "https://example.org/a b",
    ],
)
def test_an_avatar_must_be_an_https_url(url):
    assert avatar(url) == {"avatar": ["not_an_https_url"]}


def test_an_avatar_url_has_at_most_500_characters():
    assert avatar("https://a.b/" + "c" * 488) == "https://a.b/" + "c" * 488
    assert avatar("https://a.b/" + "c" * 489) == {"avatar": ["too_long"]}
