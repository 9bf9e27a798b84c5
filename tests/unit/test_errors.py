"""Errors have a kind, by which a caller can react, and a stable code for programs."""

import inspect

from minichat.domain import errors
from minichat.domain.errors import ChatError, InvalidInput, Issue, TooMany, Unavailable

KINDS = (
    errors.InvalidInput,
    errors.NotAuthenticated,
    errors.NotAllowed,
    errors.NotFound,
    errors.Conflict,
    errors.Gone,
    errors.TooMany,
    errors.Unavailable,
)
ALL = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ChatError) and cls is not ChatError
]


def test_every_error_is_of_exactly_one_kind():
    assert all(len([kind for kind in KINDS if issubclass(error, kind)]) == 1 for error in ALL)


def test_every_error_has_a_unique_code_in_snake_case():
    codes = [error.code for error in ALL if error is not errors.LinkInvalid]  # an invalid token, as a field
    assert len(set(codes)) == len(codes)
    assert all(code.isidentifier() and code == code.lower() for code in codes)


def test_invalid_input_names_fields_and_issues():
    error = InvalidInput({"name": [Issue("too_long", {"most": 5}), Issue("rude")], "email": [Issue("not_an_email")]})
    assert str(error) == "name: too_long, name: rude, email: not_an_email"


def test_an_issue_of_one_field_is_short_to_raise():
    assert InvalidInput.of("name", "too_long", most=5).issues == {"name": [Issue("too_long", {"most": 5})]}


def test_errors_that_permit_a_retry_state_the_wait():
    assert TooMany(30).retry_after == 30
    assert Unavailable("the database is away").retry_after == 1
    assert Unavailable("the database is away", 5).retry_after == 5
