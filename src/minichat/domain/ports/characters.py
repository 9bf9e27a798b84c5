"""The port for the properties of characters, by a newer version of Unicode than that of Python's own tables."""

from collections.abc import Sequence
from typing import Protocol


class Characters(Protocol):
    def is_blank(self, text: str) -> bool:
        """Return whether the text shows nothing: it holds only white space, default-ignorable code points,
        noncharacters, and the few other characters that are always drawn as nothing.
        """

    def without_marks(self, text: str, scripts: Sequence[str]) -> str:
        """Return decomposed text without the marks on letters of these scripts, by their Unicode names."""

    def without_variants(self, text: str) -> str:
        """Return the text without variation selectors, and without the skin tones that follow an emoji."""

    def words(self, text: str) -> Sequence[Sequence[str]]:
        """Return the words of folded text, each as its units.

        A word is a run of letters, digits and marks, or one emoji. In Han, Kana, Thai, Lao, Khmer and Burmese, which
        are written without spaces, each character is a unit; all else between these is one unit. A mark that all
        scripts share does not begin a word: it belongs to the separator before it.
        """

    def emoji(self, text: str) -> str | None:
        """Return the fully qualified form of the one emoji that the text is; None if it is anything else.

        An emoji is any valid sequence of UTS #51: with skin tones, joiners, a flag or a keycap.
        """
