"""`domain.ports.UsernameKey`, `MixesScripts`, `CommonPasswords` and `EmailAddress`, by published rules and lists.

The modules load the tables of scripts and common passwords at their first use.
"""

import subprocess
import sys
import unicodedata

import pytest

from builders import issues_of
from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.common_passwords import is_common_password
from minichat.adapters.emails import email_address
from minichat.adapters.memory import username_key as simple_username_key
from minichat.adapters.usernames import mixes_scripts, username_key
from minichat.domain.accounts import check_username
from minichat.domain.text import Fields
from scale import scaled


@pytest.mark.parametrize("key_of", [username_key, simple_username_key])
@pytest.mark.parametrize("name", ["ΝΊΚΟΣ", "νίκος", "νίκοσ", "Νίκος", "νι\u0301κος"])
def test_both_small_sigmas_have_the_same_key(key_of, name):
    assert key_of(name) == "νίκοσ"
    assert key_of(key_of(name)) == key_of(name)


def test_an_ascii_name_has_the_key_that_the_profile_gives_it_beside_other_letters():
    for char in map(chr, range(128)):
        try:
            expected = username_key(f"a{char}é").removesuffix("é")
        except ValueError:
            with pytest.raises(ValueError):  # noqa: PT011 - the port promises no more
                username_key(f"a{char}")
        else:
            assert username_key(f"a{char}") == expected


@pytest.mark.parametrize(
    "name",
    [
        "ann_7",
        "123",
        "___",
        "Иван",
        "ёжик_7",
        "éva",
        "Ｔａｒｏ",
        "たなか",
        "カタカナ",
        "ラーメン",
        "田中taro",
        "田中さん",
        "さくらsakura",
        "用户7",
        "用户ㄅㄆann",
        "김minsu",
        "金민수kim",
        "मनीष",
        "٣٤٥",
        "ελένη",
        "ქართული",
    ],
)
def test_a_name_may_use_one_script_or_latin_with_japanese_chinese_or_korean(name):
    assert not mixes_scripts(name)


@pytest.mark.parametrize(
    "name",
    ["аnn", "дmitry", "pаypal", "ωmega", "Ивaн", "αнна", "田中иван", "さくら김", "ㄅさくら", "annאבג", "ก7नी"],
    ids=ascii,
)
def test_other_combinations_of_scripts_are_mixed(name):
    assert mixes_scripts(name)


@pytest.mark.parametrize(
    ("name", "is_mixed"),
    [
        ("ハー", False),  # ー is used in Hiragana and in Katakana, nowhere else
        ("annー", False),  # which Latin may stand beside
        ("аннаー", True),
        ("म॑", False),  # U+0951 is used in Latin and in nearly every script of India
        ("а॑", True),
    ],
    ids=ascii,
)
def test_script_extensions_count(name, is_mixed):
    assert mixes_scripts(name) is is_mixed


@pytest.mark.parametrize(
    "char",
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069"
    "\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\U0001d173\U000e0020\U000e0100\ufdd0",
    ids=ascii,
)
def test_a_username_holds_no_invisible_character_and_no_bidirectional_control(char):
    for name in (char * 3, f"an{char}n", f"ан{char}на"):
        fields = Fields()
        check_username(fields, name, UnicodeCharacters(), username_key, mixes_scripts)
        assert issues_of(fields.check).keys() == {"username"}


def test_a_name_of_one_repeated_letter_is_not_mixed():
    codes = (*range(0x80, 0x3400), *range(0x3400, 0x30000, scaled(16, 1)))  # a block has 16 characters or more
    letters = (char for char in map(chr, codes) if unicodedata.category(char)[0] in "LMN")
    assert not any(mixes_scripts(char + char + "1_") for char in letters)


@pytest.mark.parametrize(
    "password",
    [
        *["password", "PASSWORD", "Password1", "12345678", "1234567890", "qwertyuiop", "iloveyou", "football"],
        *["trustno1", "michelle", "basketball", "chocolate", "1qaz2wsx"],
        *["88888888", "00000000", "12341234", "12121212", "testtest", "aaaaaaaa", "abcabcabc"],
        *["87654321", "0987654321", "0123456789", "abcdefgh", "HGFEDCBA"],
        *["lkjhgfds", "POIUYTRE", "1234567890-", "zxcvbnm,./", "asdfghjkl;"],
        *["22091984", "06011988", "12311999", "19870424", "01012010"],
        *["michael7", "Football12", "princess07", "metallica2", "dragon99", "william!", "charlie!!"],
    ],
)
def test_a_password_from_the_lists_or_patterns_is_common(password):
    assert is_common_password(password)


@pytest.mark.parametrize(
    "password",
    [
        *["correct horse", "battery staple", "correct horse battery", "demo-password-1", "a whole new secret"],
        *["password1 ", " password", "password,12345678", "password\n12345678", "mypassword and more", "пароль12"],
        *["x" * 13, "x" * 1024, "🔑" * 8, "", "xxxx", "7418529630x", "x7Kq-p2Vd"],
        *["32091984", "22131984", "22091884", "22092084", "2209198", "٢٢٠٩١٩٨٤"],
        *["michael-7", "football1987", "7michael7michael", "zqxjkvbw12", "qwertasdf-zx"],
    ],
)
def test_another_password_is_not_common(password):
    assert not is_common_password(password)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        ("x@private.example", "x@private.example"),
        ("Ann.Lee+chat@EXAMPLE.org", "Ann.Lee+chat@example.org"),
        ("o'neill_7@sub.example.co.uk", "o'neill_7@sub.example.co.uk"),
        ("анна@Пример.рф", "анна@пример.рф"),
        ("e\u0301va@x.org", "éva@x.org"),
        ("用户@例え.jp", "用户@例え.jp"),
        ("a@xn--e1afmkfd.xn--p1ai", "a@пример.рф"),
        ("a@ｅｘａｍｐｌｅ.org", "a@example.org"),
        ("a" * 64 + "@" + "b" * 63 + ".org", "a" * 64 + "@" + "b" * 63 + ".org"),
    ],
    ids=ascii,
)
def test_an_address_has_a_stable_normal_form(text, address):
    assert email_address(text) == address == email_address(address)


@pytest.mark.parametrize(
    "text",
    [
        *["", "ann", "ann@", "@example.org", "ann@example", "a nn@example.org", "a@b@c.de", "a@b.de,c@d.de"],
        *["Ann <ann@example.org>", "<ann@example.org>", "ann(x)@example.org", '"a b"@example.org', '"ann"@example.org'],
        *["ann@[192.0.2.1]", "ann@[IPv6:2001:db8::1]", "ann@192.0.2.1", "mailto:ann@example.org "],
        *["ann@localhost", "ann@mail.localhost", "ann@printer.local", "ann@chat.test", "ann@x.invalid", "ann@x.onion"],
        *[".ann@x.org", "ann.@x.org", "a..n@x.org", "ann@x..org", "ann@-x.org", "ann@x.org.", "ann@ex_ample.org"],
        *[
            "a" * 65 + "@x.org",
            "ann@" + "b" * 64 + ".org",
            "ann@" + "b." * 126 + "org",
            "я" * 33 + "@" + "x." * 95 + "org",
        ],
        *["ann\u202e@x.org", "a\u200bnn@x.org", "ann@x.org\n", "ann\0@x.org", "\u0301ann@x.org", "ann@x\u2024org"],
        "x" * 100_000 + "@x.org",
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_the_error_of_a_wrong_address_does_not_repeat_it(text):
    with pytest.raises(ValueError, match=r"^not an e-mail address$"):
        email_address(text)


def test_an_address_causes_no_dns_query():
    code = (
        "import sys; from minichat.adapters.emails import *; email_address('a@x.org'); sys.exit('dns' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_adapters_loads_no_table():
    code = "import minichat.app, sys; assert not {'fontTools', 'zxcvbn'} & {m.partition('.')[0] for m in sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_ascii_name_and_a_password_load_no_large_library():
    code = (
        "import sys; from minichat.adapters import common_passwords as c, usernames as u;"
        "u.mixes_scripts('ann'); assert c.is_common_password('password');"
        "assert not {'fontTools', 'zxcvbn'} & {m.partition('.')[0] for m in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
