"""The language of the pages: the choice in a cookie, otherwise by `Accept-Language`, and the texts in it."""

from flask import Response, request

from minichat.admin.addresses import URL
from minichat.admin.texts import TEXTS, Plural, form_of
from minichat.api.request_state import request_state
from minichat.api.texts import LANGUAGES, language

COOKIE = "minichat_admin_language"
_YEAR_SECONDS = 365 * 24 * 3_600
NAMES = {"en": "English", "ru": "Русский"}
"""The name of each language in itself."""


def use_chosen_language() -> None:
    """Use the language of the cookie for this request, also for sentences about errors."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        request_state().language = chosen


def keep_language(response: Response, chosen: str, *, is_behind_tls: bool) -> None:
    """Keep the choice in this browser. Ignore an unknown language."""
    if chosen in LANGUAGES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=_YEAR_SECONDS,
            path=f"{request.root_path}{URL}",
            secure=is_behind_tls,
            httponly=True,
            samesite="Strict",
        )


def t(key: str, **values: object) -> str:
    """Return the text of a key. The value `count` selects the form of a text with a number."""
    text = TEXTS[language()][key]
    if isinstance(text, Plural):
        count = values["count"]
        assert isinstance(count, int)
        text = form_of(text, count, language())
    return text.format(**values) if values else text
