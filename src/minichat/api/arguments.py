"""Load all parts of a request, and report every wrong field of all of them in one answer.

A schema finds unknown fields and wrong types. The rules of the chat stay in the services: only if a schema has found an
error does this module call the `rules` of the route for the remaining fields. A valid request is checked once, by the
service that serves it. This module knows no field.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import marshmallow as ma
from flask import Request

from minichat.api.parsing import Read, parse_query, read_query
from minichat.domain.errors import Conflict, InvalidInput, Issue, NotAllowed, NotFound

Form = dict[str, Any]
Rules = Callable[..., object]
"""Checks the fields of a form, some of which may be missing. Changes nothing, and raises InvalidInput."""

_REMEMBERED = 512
"""Maximum number of queries whose forms a worker keeps."""


class Part(NamedTuple):
    """One part of a request, such as its query or its body, and how it is read and checked."""

    schema: ma.Schema
    read: Callable[[Request, ma.Schema], Read]
    rules: Rules | None = None
    """Called with the valid fields of this part, and with the values in the path by name."""
    is_body: bool = False


class _Loaded(NamedTuple):
    form: Form
    """The valid fields."""
    errors: Sequence[InvalidInput]
    rules: Rules | None


def load(parts: Iterable[Part], request: Request, path: Mapping[str, Any]) -> list[Form]:
    """Return the form of each part. Raises InvalidInput, which names every wrong field of the request.

    Raises the errors of the readers as well, such as MalformedJson.
    """
    return _valid([_loaded_part(part, request) for part in parts], path)


def _loaded_part(part: Part, request: Request) -> _Loaded:
    if part.read is not read_query:
        return _loaded(part.schema, part.read(request, part.schema), part.rules)
    try:
        return _Loaded(dict(_form_of_query(part.schema, request.query_string)), (), part.rules)
    except _InvalidQuery as invalid:
        return invalid.loaded._replace(rules=part.rules)


class _InvalidQuery(Exception):
    """A query is invalid: `loaded` has its errors."""

    def __init__(self, loaded: _Loaded) -> None:
        super().__init__()
        self.loaded = loaded


@lru_cache(_REMEMBERED)
def _form_of_query(schema: ma.Schema, query: bytes) -> Mapping[str, Any]:
    """Return the form of a valid query. Raises _InvalidQuery for any other, which is not remembered.

    Clients send few different queries, and a schema takes a tenth of the time of a page of messages to load one.
    """
    loaded = _loaded(schema, parse_query(query), None)
    if loaded.errors:
        raise _InvalidQuery(loaded)
    return loaded.form


def checked(schema: ma.Schema, value: Any, rules: Rules | None = None) -> Form:
    """Return the form of a value. Raises InvalidInput, which names every wrong field."""
    (form,) = _valid([_loaded(schema, Read(value), rules)], {})
    return form


def with_broken_rules(error: InvalidInput, rules: Rules, form: Form) -> InvalidInput:
    """Return the error of a valid form, together with the rules that the form breaks."""
    return _together([error, *_broken_rules(_Loaded(form, [], rules), {})])


def _valid(parts: Sequence[_Loaded], path: Mapping[str, Any]) -> list[Form]:
    """Return the forms if all of them are valid. Raises InvalidInput."""
    if any(part.errors for part in parts):
        raise _together([error for part in parts for error in (*part.errors, *_broken_rules(part, path))])
    return [part.form for part in parts]


def _loaded(schema: ma.Schema, read: Read, rules: Rules | None) -> _Loaded:
    """Return the valid fields of a part, and the errors of the other fields."""
    errors = [InvalidInput(read.issues)] if read.issues else []
    try:
        form: Form = schema.load(read.value)
    except ma.ValidationError as error:
        wrong = {str(field): _issues(found) for field, found in error.messages_dict.items()}
        valid = cast(Form, error.valid_data)
        form = {
            name: value
            for name, value in valid.items()  # a list with wrong items is among them, with its right ones
            if (schema.fields[name].data_key or name) not in wrong
        }
        new = {field: issues for field, issues in wrong.items() if field not in read.issues}
        errors += [InvalidInput(new)] if new else []
    return _Loaded(form, errors, rules)


def _broken_rules(part: _Loaded, path: Mapping[str, Any]) -> Iterator[InvalidInput]:
    """Yield the error of the rules that the valid fields break."""
    if part.rules is None:
        return
    try:
        part.rules(part.form, **path)
    except InvalidInput as error:
        yield error
    except (NotFound, NotAllowed, Conflict):
        return  # these concern a request without wrong fields only


def _together(errors: Sequence[InvalidInput]) -> InvalidInput:
    """Return one error for all of these. A single error keeps its code."""
    if len(errors) == 1:
        return errors[0]
    issues: dict[str, list[Issue]] = {}
    for error in errors:
        for field, found in error.issues.items():
            issues.setdefault(field, []).extend(found)
    return InvalidInput(issues)


def _issues(found: Any) -> list[Issue]:
    """Return the issues of a field, with those of its list items."""
    if isinstance(found, Mapping):
        all_issues = [issue for item in found.values() for issue in _issues(item)]
        return list(_without_repetitions(all_issues))
    return [issue if isinstance(issue, Issue) else Issue(str(issue)) for issue in found]


def _without_repetitions(issues: list[Issue]) -> Iterator[Issue]:
    # Without a set, because an issue holds a dict and is not hashable.
    for index, issue in enumerate(issues):
        if issue not in issues[:index]:
            yield issue
