"""`domain.ports.MixesScripts` and `CommonPasswords`, by fontTools and by zxcvbn, whose data are loaded when needed."""

import subprocess
import sys
import unicodedata

import pytest

from minichat.adapters.common_passwords import is_common_password
from minichat.adapters.usernames import mixes_scripts


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
def test_one_script_or_latin_with_japanese_chinese_or_korean(name):
    assert not mixes_scripts(name)


@pytest.mark.parametrize(
    "name",
    ["аnn", "дmitry", "pаypal", "ωmega", "Ивaн", "αнна", "田中иван", "さくら김", "ㄅさくら", "annאבג", "ก7नी"],
    ids=ascii,
)
def test_others_are_mixed(name):
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


def test_every_letter_goes_with_itself():
    letters = (char for char in map(chr, range(0x80, 0x30000)) if unicodedata.category(char)[0] in "LMN")
    assert not any(mixes_scripts(char + char + "1_") for char in letters)


@pytest.mark.parametrize(
    "password",
    [
        *["password", "PASSWORD", "Password1", "12345678", "1234567890", "qwertyuiop", "iloveyou", "football"],
        *["trustno1", "michelle", "basketball", "chocolate", "1qaz2wsx"],
        *["88888888", "00000000", "12341234", "12121212", "testtest", "aaaaaaaa", "abcabcabc"],
        *["87654321", "0987654321", "0123456789", "abcdefgh", "HGFEDCBA"],
    ],
)
def test_what_guessing_begins_with_is_common(password):
    assert is_common_password(password)


@pytest.mark.parametrize(
    "password",
    [
        *["correct horse", "battery staple", "correct horse battery", "demo-password-1", "a whole new secret"],
        *["password1 ", " password", "password,12345678", "password\n12345678", "mypassword and more", "пароль12"],
        *["x" * 13, "x" * 1024, "🔑" * 8, "", "xxxx", "7418529630x", "x7Kq-p2Vd"],
    ],
)
def test_nothing_else_is(password):
    assert not is_common_password(password)


def test_a_start_loads_neither_list():
    code = "import minichat.app, sys; assert not {'fontTools', 'zxcvbn'} & {m.partition('.')[0] for m in sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_ascii_name_and_a_password_load_no_library():
    code = (
        "import sys; from minichat.adapters import common_passwords as c, usernames as u;"
        "u.mixes_scripts('ann'); assert c.is_common_password('password');"
        "assert not {'fontTools', 'zxcvbn'} & {m.partition('.')[0] for m in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
