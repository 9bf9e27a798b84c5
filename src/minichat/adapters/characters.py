"""Properties of characters from the tables of the package `regex`, which follow Unicode and not Python's version.

Python 3.11 knows Unicode 14 alone. The port is `domain.ports.Characters`. This module knows no field and no rule.
"""

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

# Not default-ignorable, but drawn as nothing: the empty Braille pattern, the empty note, interlinear annotation.
_EMPTY = "\u2800\U0001d159\ufff9-\ufffb"
_VISIBLE = rf"[^\p{{White_Space}}\p{{Default_Ignorable_Code_Point}}\p{{Noncharacter_Code_Point}}{_EMPTY}]"
# The range of reserved emoji is part of this property, so an emoji of a later version counts too.
_VARIANTS = r"\p{Variation_Selector}+|(?<=\p{Extended_Pictographic}\p{Variation_Selector}*)\p{Emoji_Modifier}+"

_KEYCAP = r"[0-9#*]\u20E3"
_EMOJI = (
    rf"\p{{Regional_Indicator}}{{1,2}}+|{_KEYCAP}"
    r"|(?:\p{Extended_Pictographic}|\p{Emoji_Modifier})[\U000E0020-\U000E007F]*+"
    r"(?:\u200D\p{Extended_Pictographic}[\U000E0020-\U000E007F]*+)*+"
)
_IN_WORD = r"\p{L}\p{M}\p{N}"
_WORD = rf"{_EMOJI}|[[{_IN_WORD}]--[\p{{M}}&&\p{{Script=Inherited}}]][{_IN_WORD}]*+"
_SCRIPTS_WITHOUT_SPACES = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
_WITHOUT_SPACES = "".join(rf"\p{{Script_Extensions={script}}}" for script in _SCRIPTS_WITHOUT_SPACES)
_MAY_HAVE_NO_SPACES = re.compile("[\u0e00-\U0010ffff]")
"""A necessary condition for these scripts, which is faster to check."""


class UnicodeCharacters:
    def is_blank(self, text: str) -> bool:
        if text.isascii():
            return not text or text.isspace()
        return _compiled(_VISIBLE).search(text) is None

    def without_marks(self, text: str, scripts: Sequence[str]) -> str:
        return _compiled(_marked_letter(tuple(scripts))).sub(r"\1", text)

    def without_variants(self, text: str) -> str:
        return _compiled(_VARIANTS).sub("", text)

    def words(self, text: str) -> Sequence[Sequence[str]]:
        if "\u20e3" in text:
            text = _compiled(_KEYCAP).sub(r" \g<0> ", text)
        words = _compiled(_WORD).findall(text)
        if not _MAY_HAVE_NO_SPACES.search(text):
            return [[word] for word in words]
        parts = (_compiled(f"([{_WITHOUT_SPACES}])").split(word) for word in words)
        return [[unit for unit in units if unit] for units in parts]


@functools.cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    import regex  # late: it takes 2 MB, and text in ASCII does not need it

    return regex.compile(pattern, regex.VERSION1)


@functools.cache
def _marked_letter(scripts: tuple[str, ...]) -> str:
    # The extensions of a script include the letters that it shares with others, such as the tatweel of Arabic.
    of_scripts = "".join(rf"\p{{Script_Extensions={script}}}" for script in scripts)
    return rf"([[{of_scripts}]&&\p{{L}}])\p{{M}}+"
