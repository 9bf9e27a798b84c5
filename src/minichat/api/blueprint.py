"""flask-smorest's blueprint with our parser, and one decorator that documents the answers of a route.

It uses smorest's documented extension points alone: `ARGUMENTS_PARSER` and `doc`.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from minichat.api import context
from minichat.api.limits import uncounted
from minichat.api.parsing import StrictParser
from minichat.api.schemas.answers import ProblemOut

View = TypeVar("View", bound=Callable[..., Response])

REQUEST_ID = {"description": "The request's id, yours if you sent a sane one.", "schema": {"type": "string"}}
LINK = {
    "description": 'The neighbouring pages as complete URLs: rel="next" and rel="prev" (RFC 8288).',
    "schema": {"type": "string"},
}


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    ARGUMENTS_PARSER = StrictParser(unknown=None)  # each schema states it

    def arguments(self, schema: type[Schema], *, location: str = "json", **kwargs: Any) -> Callable[[View], View]:
        """Document a part of the request, and pass it to the view as its next argument, loaded by `schema`."""
        # An instance: webargs would make a new one of a class for each request.
        decorate: Callable[[View], View] = super().arguments(
            schema(), location=location, error_status_code=HTTPStatus.BAD_REQUEST, **kwargs
        )
        return decorate


def answers(
    status: int,
    schema: Any,
    *errors: int,
    also: Mapping[int, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    content_type: str = "application/json",
    descriptions: Mapping[int, str] | None = None,
    public: bool = False,
    counted: bool = True,
) -> Callable[[View], View]:
    """Document what a view answers: a status with its schema, other successes (`also`), and errors.

    `descriptions` replaces the usual description of an error. Every route may answer 503, 401 unless
    it is `public`, and 429 unless it is not `counted`; a public view needs no token (see `context`), one that is not
    counted has no limit (see `limits`). This only documents: views return ready responses, and the tests hold each of
    them to its documentation.
    """
    usual = {503} | (set() if public else {401}) | ({429} if counted else set())
    successes = {
        code: _success(code, body, headers, content_type) for code, body in {status: schema, **(also or {})}.items()
    }
    references: dict[int, Any] = {code: problem_reference(code) for code in sorted({*errors} | usual)}
    own = {code: _problem(text) for code, text in (descriptions or {}).items()}
    responses = successes | references | own
    security: dict[str, Any] = {"security": []} if public else {}

    def decorate(view: View) -> View:
        documented: View = Blueprint.doc(operationId=view.__name__, responses=responses, **security)(view)
        if public:
            context.public(documented)
        if not counted:
            uncounted(documented)
        return documented

    return decorate


def problem_reference(code: int) -> str:
    """Return the name under which `openapi` describes the answers with this status."""
    return HTTPStatus(code).phrase.title().replace(" ", "")


def problem_response(description: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a problem document with these headers besides its own."""
    return {
        "description": description,
        "headers": {"X-Request-ID": REQUEST_ID, **headers},
        "content": {"application/problem+json": {"schema": ProblemOut}},
    }


def _problem(description: str) -> dict[str, Any]:
    return problem_response(description, {})


def _success(code: int, schema: Any, headers: Mapping[str, Any] | None, content_type: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(code).phrase,
        "headers": {"X-Request-ID": REQUEST_ID, **(headers or {})},
    }
    if schema is not None:
        described["content"] = {content_type: {"schema": schema}}
    return described
