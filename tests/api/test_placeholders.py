"""The placeholder picture: its letter."""

from urllib.parse import quote

import pytest

from minichat.api import presenting
from minichat.domain.model import User


@pytest.mark.parametrize(
    ("username", "letter"),
    [
        ("ann", "A"),
        ("გიორგი", "გ"),
        ("Straße", "S"),
        ("ßen", "S"),
        ("ångström", "Å"),
        ("яна", "Я"),
        ("ωμέγα", "Ω"),
        ("ᾳδης", "ᾼ"),
        ("محمد", "م"),
        ("שרה", "ש"),
        ("क्षमा", "क"),
        ("สมชาย", "ส"),
        ("김철수", "김"),
        ("田中太郎", "田"),
        ("1st_user", "1"),
        ("_ann_", "A"),
        ("...9..", "9"),
        ("___", "_"),
        ("m\u0302ann", "M"),
        ("ꭰꮳꮃ", "Ꭰ"),
    ],
)
def test_the_placeholder_shows_the_first_letter_as_a_name_is_written(username: str, letter: str) -> None:
    person = User(7, username, username, "", "", "", "", True, False, 0, None)
    assert presenting.avatar(person, "https://chat") == f"https://chat/avatars/7-{quote(letter, safe='')}.svg"
