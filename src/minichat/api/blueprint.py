"""flask-smorest's blueprint with our parsing, and one decorator that documents the answers of a route.

It uses the documented extension points of smorest, `ARGUMENTS_PARSER` and `doc`, the attribute in which smorest keeps
the documentation of a view, and the method by which it collects that: few workers ever document anything.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Request, Response
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from minichat.api.arguments import Part, Rules, load
from minichat.api.current import current_request
from minichat.api.openapi import REQUEST_ID, problem_reference, problem_response
from minichat.api.parsing import Read, read_form, read_headers, read_json, read_query, read_unexpected
from minichat.api.policy import Access, Policy, declare
from minichat.api.schemas.forms import In
from minichat.api.schemas.requests import NothingIn

View = TypeVar("View", bound=Callable[..., Response])

_DEFAULT = Policy()
_READERS = {"json": read_json, "files": read_form, "query": read_query, "headers": read_headers}
_BODIES = frozenset({"json", "files"})
_NO_BODY = Part(NothingIn(), read_unexpected)
_SECURITY: Mapping[Access, Mapping[str, Any]] = {
    Access.PUBLIC: {"security": []},
    Access.OPTIONAL_TOKEN: {"security": [{"bearer": []}, {}]},
}
"""The routes' own requirements in the document, in place of its general one: a token."""
_DOCUMENTATION = "_apidoc"
_DECORATORS = "documentation_decorators"
"""The attribute of a view that holds what will write its documentation, in order."""
_PARTS = "request_parts"
"""The attribute of a view that holds the parts of its request."""


class _DocumentedOnly:
    """Stands in for webargs' parser: smorest documents the parts of a request, and `Blueprint.route` loads them."""

    DEFAULT_VALIDATION_STATUS = HTTPStatus.BAD_REQUEST

    def use_args(self, _schema: Schema, **_options: Any) -> Callable[[View], View]:
        return lambda view: view


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    ARGUMENTS_PARSER = _DocumentedOnly()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._undocumented: list[Callable[[], None]] = []
        """What documents each view."""

    def _store_endpoint_docs(self, endpoint: str, view: Any, *args: Any, **options: Any) -> None:
        """Let smorest copy the documentation of a view only when the document is requested."""
        store, decorators = super()._store_endpoint_docs, tuple(view.__dict__[_DECORATORS])

        def document() -> None:
            for make_decorator in decorators:
                view.__dict__[_DOCUMENTATION] = make_decorator()(view).__dict__[_DOCUMENTATION]
            store(endpoint, view, *args, **options)

        self._undocumented.append(document)

    def register_views_in_doc(self, *args: Any, **options: Any) -> None:
        """Document all views: smorest calls this to build the document."""
        for document in self._undocumented:
            document()
        self._undocumented.clear()
        super().register_views_in_doc(*args, **options)

    def route(self, rule: str, *, policy: Policy = _DEFAULT, **options: Any) -> Callable[[View], View]:
        """Register a view with its policy, and document the policy.

        The view gets the forms of its `arguments`, in their order, and the values in the path by name.
        """
        register = super().route(rule, **options)
        is_reading_only = not {"POST", "PUT", "PATCH", "DELETE"} & set(options.get("methods", ()))

        def decorate(view: View) -> View:
            endpoint = view.__name__
            parts: tuple[Part, ...] = view.__dict__.get(_PARTS, ())
            reads_body = any(part.is_body for part in parts)
            refuses_bodies = not (is_reading_only or policy.ignores_body or reads_body)
            description = _description_of(policy, refuses_bodies=refuses_bodies)
            self.doc(operationId=endpoint, **description)(view)
            register(_loading(view, parts, refuses_bodies=refuses_bodies))
            self.record(lambda setup: declare(setup.app, f"{setup.blueprint.name}.{endpoint}", policy))
            return view

        return decorate

    @staticmethod
    def doc(**documentation: Any) -> Callable[[View], View]:
        """Document a view."""
        return _documenting(lambda: SmorestBlueprint.doc(**documentation))

    def arguments(
        self,
        schema: type[In],
        *,
        location: str = "json",
        read: Callable[[Request, Schema], Read] | None = None,
        rules: Rules | None = None,
        **kwargs: Any,
    ) -> Callable[[View], View]:
        """Document a part of the request, and pass it to the view as its next argument, loaded by `schema`.

        `read` replaces the reader of the location. `rules` checks the form by the rules of a service. It is called only
        if the request has other wrong fields, so that one answer names all of them.
        """
        of_smorest = super().arguments

        def documentation() -> Callable[[View], View]:
            example = schema.example() if location == "json" else None
            decorator: Callable[[View], View] = of_smorest(schema, location=location, example=example, **kwargs)
            return decorator

        document = _documenting(documentation)
        part = Part(schema(), read or _READERS[location], rules, is_body=location in _BODIES)

        def decorate(view: View) -> View:
            documented: View = document(view)
            documented.__dict__[_PARTS] = (part, *view.__dict__.get(_PARTS, ()))
            return documented

        return decorate


def _documenting(make_decorator: Callable[[], Callable[[View], View]]) -> Callable[[View], View]:
    """Return a decorator that documents a view by one of smorest's, once the document is requested.

    smorest's own would copy all earlier documentation at each start, and look up the app at each call of the view.
    """

    def decorate(view: View) -> View:
        view.__dict__.setdefault(_DECORATORS, []).append(make_decorator)
        return view

    return decorate


def _loading(view: View, parts: tuple[Part, ...], *, refuses_bodies: bool) -> View:
    """Return the view with its request loaded."""
    if not (parts or refuses_bodies):
        return view
    loaded = (*parts, _NO_BODY) if refuses_bodies else parts

    @wraps(view)
    def call(**path: Any) -> Response:
        forms = load(loaded, current_request(), path)
        return view(*forms[: len(parts)], **path)

    return call  # type: ignore[return-value]  # Flask calls a view with the values in its path


def answers(
    status: int,
    schema: Any,
    *errors: int,
    also: Mapping[int, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    content_type: str = "application/json",
    descriptions: Mapping[int, str] | None = None,
) -> Callable[[View], View]:
    """Document the answers of a view: a status with its schema, other successes (`also`), and errors.

    `descriptions` replaces the usual description of an error. `route` adds the errors that follow from the policy. This
    decorator only documents: views return ready responses, and the tests compare each of them with its documentation.
    """
    successes = {
        code: _success(code, body, headers, content_type) for code, body in {status: schema, **(also or {})}.items()
    }
    references: dict[int, Any] = {code: problem_reference(code) for code in errors}
    own = {code: problem_response(text, {}) for code, text in (descriptions or {}).items()}

    return Blueprint.doc(responses=successes | references | own)


def _description_of(policy: Policy, *, refuses_bodies: bool) -> dict[str, Any]:
    """Return the part of a route's documentation that follows from its policy."""
    codes = [503] if policy.is_public else [401, 503]
    if policy.is_throttled:
        codes.append(429)
    if refuses_bodies:
        codes += [400, 413]
    return {"responses": {code: problem_reference(code) for code in codes}, **_SECURITY.get(policy.access, {})}


def _success(code: int, schema: Any, headers: Mapping[str, Any] | None, content_type: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(code).phrase,
        "headers": {"X-Request-ID": REQUEST_ID, **(headers or {})},
    }
    if schema is not None:
        described["content"] = {content_type: {"schema": schema}}
    return described
