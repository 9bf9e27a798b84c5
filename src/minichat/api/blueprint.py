"""flask-smorest's blueprint with our parser, and one decorator that documents what a route answers."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Response
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from minichat.api import context
from minichat.api.limits import uncounted
from minichat.api.parsing import load
from minichat.api.schemas.answers import ProblemOut

View = TypeVar("View", bound=Callable[..., Response])

REQUEST_ID = {"description": "The request's id, yours if you sent a sane one.", "schema": {"type": "string"}}
LINK = {
    "description": 'The neighbouring pages as complete URLs: rel="next" and rel="prev" (RFC 8288).',
    "schema": {"type": "string"},
}


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    def arguments(self, schema: type[Schema], *, location: str = "json", **kwargs: Any) -> Callable[[View], View]:
        """Document a part of the request, and hand it to the view as its next argument, loaded by `schema`."""
        loader = schema()
        document = super().arguments(loader, location=location, error_status_code=400, **kwargs)

        def decorate(view: View) -> View:
            @wraps(view)
            def loading(*args: Any, **kwargs: Any) -> Response:
                return view(*args, load(loader, location), **kwargs)

            # smorest's own wrapper would parse by webargs, more slowly and less strictly: only its notes are taken.
            loading._apidoc = document(view)._apidoc  # type: ignore[attr-defined]  # noqa: SLF001
            return cast(View, loading)

        return decorate


def answers(
    status: int,
    schema: Any,
    *errors: int,
    also: Mapping[int, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    content_type: str | None = None,
    told: Mapping[int, str] | None = None,
    public: bool = False,
    counted: bool = True,
) -> Callable[[View], View]:
    """Document what a view answers: a status with its schema, other good ones (`also`), and errors.

    `told` describes errors of which the usual description is not true here. Every route may answer 503, 401 unless
    it is `public`, and 429 unless it is not `counted`; a public view needs no token (see `context`), one that is not
    counted has no limit (see `limits`). This only documents: views return ready responses, and the tests hold each of
    them to its documentation.
    """

    def decorate(view: View) -> View:
        apidoc = deepcopy(getattr(view, "_apidoc", {}))
        responses = apidoc.setdefault("response", {}).setdefault("responses", {})
        for code, body in {status: schema, **(also or {})}.items():
            responses[code] = [_described(code, body, headers, content_type)]
        usual = {503} | (set() if public else {401}) | ({429} if counted else set())
        for code in sorted({*errors} | usual):
            own = (told or {}).get(code)
            responses[code] = [_problem(own) if own else HTTPStatus(code).name]
        apidoc.setdefault("success_status_codes", []).extend([status, *(also or {})])
        apidoc.setdefault("manual_doc", {})["operationId"] = view.__name__
        if public:
            apidoc["manual_doc"]["security"] = []
            context.public(view)
        if not counted:
            uncounted(view)
        view._apidoc = apidoc  # type: ignore[attr-defined]  # noqa: SLF001  # where flask-smorest looks for it
        return view

    return decorate


def _problem(description: str) -> dict[str, Any]:
    headers = {"X-Request-ID": REQUEST_ID}
    kind = "application/problem+json"
    return {"description": description, "headers": headers, "content_type": kind, "schema": ProblemOut}


def _described(code: int, schema: Any, headers: Mapping[str, Any] | None, content_type: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(code).phrase,
        "headers": {"X-Request-ID": REQUEST_ID, **(headers or {})},
        "content_type": content_type,
    }
    if schema is not None:
        described["schema"] = schema() if isinstance(schema, type) else schema
    return described
