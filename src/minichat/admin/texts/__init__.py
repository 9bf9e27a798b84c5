"""The texts of the pages: a table for each language, with one module for each area.

A key is `area.text`. Values stand in braces: `t("people.enable_done", name=user.username)`. A text with a number is a
`Plural`, and its value is called `count`. A test compares the keys, values and forms of the languages.
"""

from collections.abc import Mapping

from minichat.admin.texts import en, ru
from minichat.admin.texts.plurals import Plural, Table, form_of

__all__ = ["TEXTS", "Plural", "form_of", "has_text"]


def _joined(areas: Mapping[str, Table]) -> Table:
    return {f"{area}.{key}": text for area, table in areas.items() for key, text in table.items()}


TEXTS: Mapping[str, Table] = {"en": _joined(en.AREAS), "ru": _joined(ru.AREAS)}


def has_text(key: str) -> bool:
    """Return whether the key has a text: events and details of another version have none."""
    return key in TEXTS["en"]
