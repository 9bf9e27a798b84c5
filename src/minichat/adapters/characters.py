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
_MAY_HAVE_NO_SPACES = "[\u0e00-\U0010ffff]"
"""A necessary condition for these scripts, which is faster to check. `re` compiles it at the first use, in 3 ms."""
_AS_EMOJI = "\ufe0f"
_MAX_EMOJI_LENGTH = 32
"""More than the longest emoji of Unicode has; joiners would otherwise connect any number."""
_PICTURE = r"[\p{Emoji}--[0-9#*\p{RI}\p{Emoji_Modifier}]]"
_ELEMENT = rf"(?:\p{{Emoji_Modifier_Base}}\p{{Emoji_Modifier}}|{_PICTURE}\ufe0f?|\p{{Emoji_Modifier}})"
_ONE_EMOJI = (
    r"[0-9#*]\ufe0f?\u20e3"
    r"|\p{RI}{2}"
    r"|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    rf"|{_ELEMENT}(?:\u200d{_ELEMENT})*"
)
"""The sequences of UTS #51, section 1.4.9, with the bases that each kind allows."""
_SHOWN_AS_TEXT = r"(?:[0-9#*](?=\u20e3)|[\p{Emoji}--\p{Emoji_Presentation}--[0-9#*]](?!\p{Emoji_Modifier}))"
"""The characters that are drawn as text unless a variation selector follows."""


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
        if not re.search(_MAY_HAVE_NO_SPACES, text):
            return [[word] for word in words]
        parts = (_compiled(f"([{_WITHOUT_SPACES}])").split(word) for word in words)
        return [[unit for unit in units if unit] for units in parts]

    def emoji(self, text: str) -> str | None:
        if len(text) > _MAX_EMOJI_LENGTH or _compiled(_ONE_EMOJI).fullmatch(text) is None:
            return None
        if _compiled(r"\p{RI}|.[\U000e0030-\U000e007a]").match(text) and not _is_flag(text):
            return None
        plain = text.replace(_AS_EMOJI, "")
        return str(_compiled(_SHOWN_AS_TEXT).sub(rf"\g<0>{_AS_EMOJI}", plain))


def _is_flag(text: str) -> bool:
    # Late, because these tables take 10 MB. They alone know which letters and tags are regions: any others would be
    # hidden text behind a flag that looks like other flags.
    from emoji import is_emoji

    return is_emoji(text)


@functools.cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    import regex  # late: it takes 2 MB, and text in ASCII does not need it

    return regex.compile(pattern, regex.VERSION1)


@functools.cache
def _marked_letter(scripts: tuple[str, ...]) -> str:
    # The extensions of a script include the letters that it shares with others, such as the tatweel of Arabic.
    of_scripts = "".join(rf"\p{{Script_Extensions={script}}}" for script in scripts)
    return rf"([[{of_scripts}]&&\p{{L}}])\p{{M}}+"
