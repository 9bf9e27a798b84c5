"""The texts of the administration: both languages have the same, and each key that a page uses exists."""

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from minichat.admin.texts import TEXTS, Plural, form_of
from minichat.domain.model import AuditEvent

FOLDER = Path(str(files("minichat") / "admin"))


def values_of(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


def forms_of(text: str | Plural) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, Plural) else (text,)


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    english, russian = TEXTS["en"], TEXTS["ru"]
    assert english.keys() == russian.keys()
    for key, text in english.items():
        assert isinstance(text, Plural) == isinstance(russian[key], Plural), key
        values = values_of(forms_of(text)[-1])
        for form in (*forms_of(text), *forms_of(russian[key])):
            assert form.strip(), key
            assert values_of(form) | {"count"} == values | {"count"}, key


def test_each_event_of_the_audit_log_has_a_name() -> None:
    named = {f"audit.{event.value.replace('.', '_')}" for event in AuditEvent if event != AuditEvent.UNKNOWN}
    assert named <= TEXTS["en"].keys()


def test_each_key_that_a_page_names_has_a_text() -> None:
    sources = [path.read_text("utf-8") for kind in ("*.py", "*.html") for path in FOLDER.rglob(kind)]
    named = {key for source in sources for key in re.findall(r'\bt\(\s*"([a-z_.]+)"', source)}
    assert len(named) > 30
    assert named <= TEXTS["en"].keys()


@pytest.mark.parametrize(
    ("count", "english", "russian"), [(1, "one", "one"), (2, "many", "few"), (11, "many", "many"), (21, "many", "one")]
)
def test_a_number_selects_the_form_of_its_language(count: int, english: str, russian: str) -> None:
    text = Plural("one", "few", "many")
    assert form_of(Plural("one", "many", "many"), count, "en") == english
    assert form_of(text, count, "ru") == russian
