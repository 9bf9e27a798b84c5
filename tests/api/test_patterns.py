"""The patterns of texts in the document: every engine reads them, and they refuse nothing that the domain accepts."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.emails import email_address
from minichat.adapters.usernames import mixes_scripts, username_key
from minichat.api.schemas import patterns
from minichat.domain import accounts
from minichat.domain.text import Fields

CHARACTERS = UnicodeCharacters()
PATTERNS = {name: value for name, value in vars(patterns).items() if name.isupper() and not name.startswith("_")}
SPACE = " \t\n\r\u00a0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
Check = Callable[[Fields, str], object]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aя1_.-@/:\x00\x1f\x85\u200b\u202e" + SPACE))


def is_valid(fields: Fields) -> bool:
    return not fields.found


def fits(name: str, text: str) -> bool:
    return re.search(PATTERNS[name].replace("$", r"\Z"), text) is not None


ACCEPTED: dict[str, Check] = {
    "TEXT": lambda fields, text: fields.body("x", text, most=100),
    "SHOWN_TEXT": lambda fields, text: fields.content("x", text, CHARACTERS, most=100),
    "SHOWN_LINE": lambda fields, text: fields.line("x", text, least=1, most=100, strip=False),
    "TRIMMED_LINE": lambda fields, text: fields.line("x", text, most=100),
    "NAME": lambda fields, text: fields.name("x", text, CHARACTERS, least=1, most=100),
    "OPTIONAL_NAME": lambda fields, text: fields.name("x", text, CHARACTERS, most=100),
    "USERNAME": lambda fields, text: accounts.check_username(fields, text, CHARACTERS, username_key, mixes_scripts),
    "OPTIONAL_EMAIL": lambda fields, text: accounts.check_email(fields, text, email_address),
    "OPTIONAL_AVATAR": accounts.check_avatar_url,
}
"""The check of the domain for each pattern of a text that people write."""
TRIMMED = {"TRIMMED_LINE", "NAME", "OPTIONAL_NAME", "USERNAME", "OPTIONAL_EMAIL", "OPTIONAL_AVATAR"}
"""The patterns of texts whose white space at the ends the server removes."""


@pytest.mark.parametrize("name", ACCEPTED)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(TEXTS | st.tuples(st.sampled_from(SPACE), TEXTS, st.sampled_from(SPACE)).map("".join))
@example("ann")
@example(" Ann Lee\n")
@example("Алёна.²")
@example("山田太郎")
@example("ann@example.com")
@example("ann@пример。рф")
@example("https://example.com/a.png?b=[c]#d")
@example("HTTPS://Example.com")
@example("")
@example("\r\n")
@example("👍🏽\u200d")
def test_a_pattern_fits_every_text_that_the_domain_accepts(name: str, text: str) -> None:
    fields = Fields()
    ACCEPTED[name](fields, text)
    text = text.strip(SPACE) if name in TRIMMED else text
    assert fits(name, text) or not is_valid(fields)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TEXT", "a\x00b"),
        ("TEXT", "a\x85b"),
        ("SHOWN_TEXT", " \n\u3000"),
        ("SHOWN_LINE", "  "),
        ("SHOWN_LINE", "a\tb"),
        ("TRIMMED_LINE", "a\nb"),
        ("NAME", ""),
        ("NAME", "Ann\u202eLee"),
        ("OPTIONAL_NAME", " "),
        ("USERNAME", "ann lee"),
        ("USERNAME", "ann!"),
        ("USERNAME", "«ann»"),
        ("OPTIONAL_EMAIL", "ann"),
        ("OPTIONAL_EMAIL", "ann@localhost"),
        ("OPTIONAL_EMAIL", "ann lee@example.com"),
        ("OPTIONAL_AVATAR", "http://example.com/ann.png"),
        ("OPTIONAL_AVATAR", "https:// "),
        ("OPTIONAL_AVATAR", "javascript:alert(1)"),
        ("QUOTABLE", '"b7d1'),
        ("LIST_CURSOR", "é"),
        ("LOG_CURSOR", "7"),
    ],
)
def test_a_pattern_refuses_malformed_text(name: str, text: str) -> None:
    assert not fits(name, text)


@pytest.mark.parametrize("text", ["b7d1", '"b7d1"', '"b\\"7"; q=1', 'b"7'])
def test_an_id_in_a_header_fits_with_and_without_quotes(text: str) -> None:
    assert fits("QUOTABLE", text)


def test_an_own_picture_at_a_server_without_tls_fits() -> None:
    assert fits("OPTIONAL_AVATAR", "http://127.0.0.1:8000/avatars/1-A.svg")


def test_the_engines_of_browsers_and_of_rust_read_every_pattern() -> None:
    for pattern in PATTERNS.values():
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    program = "for (const one of JSON.parse(process.argv[1])) { new RegExp(one, 'u'); new RegExp(one); }"
    node = Path(sys.executable).parent / "node"
    subprocess.run([node, "-e", program, json.dumps(list(PATTERNS.values()))], check=True, timeout=60)
