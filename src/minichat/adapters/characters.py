"""Properties of characters from the tables of the package `regex`, which follow Unicode and not Python's version.

Python 3.11 knows Unicode 14 alone. The port is `domain.ports.Characters`. This module knows no field and no rule.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

# Not default-ignorable, but drawn as nothing: the empty Braille pattern, the empty note, interlinear annotation.
_EMPTY = "\u2800\U0001d159\ufff9-\ufffb"
_VISIBLE = rf"[^\p{{White_Space}}\p{{Default_Ignorable_Code_Point}}\p{{Noncharacter_Code_Point}}{_EMPTY}]"
# The range of reserved emoji is part of this property, so an emoji of a later version counts too.
_VARIANTS = r"\p{Variation_Selector}+|(?<=\p{Extended_Pictographic}\p{Variation_Selector}*)\p{Emoji_Modifier}+"


class UnicodeCharacters:
    def is_blank(self, text: str) -> bool:
        if text.isascii():
            return not text or text.isspace()
        return _compiled(_VISIBLE).search(text) is None

    def without_marks(self, text: str, scripts: Sequence[str]) -> str:
        return _compiled(_marked_letter(tuple(scripts))).sub(r"\1", text)

    def without_variants(self, text: str) -> str:
        return _compiled(_VARIANTS).sub("", text)


@functools.cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    import regex  # late: it takes 2 MB, and text in ASCII does not need it

    return regex.compile(pattern, regex.VERSION1)


@functools.cache
def _marked_letter(scripts: tuple[str, ...]) -> str:
    # The extensions of a script include the letters that it shares with others, such as the tatweel of Arabic.
    of_scripts = "".join(rf"\p{{Script_Extensions={script}}}" for script in scripts)
    return rf"([[{of_scripts}]&&\p{{L}}])\p{{M}}+"
