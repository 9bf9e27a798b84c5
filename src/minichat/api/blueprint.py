"""flask-smorest's blueprint with our parser, and one decorator that documents the answers of a route.

It uses only documented extension points of smorest: `ARGUMENTS_PARSER` and `doc`.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from minichat.api.openapi import REQUEST_ID, problem_reference, problem_response
from minichat.api.parsing import StrictParser
from minichat.api.policy import Policy, declare

View = TypeVar("View", bound=Callable[..., Response])

_DEFAULT = Policy()


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    ARGUMENTS_PARSER = StrictParser(unknown=None)  # each schema has its own rule for unknown fields

    def route(self, rule: str, *, policy: Policy = _DEFAULT, **options: Any) -> Callable[[View], View]:
        """Register a view with its policy, and document the policy."""
        register = super().route(rule, **options)

        def decorate(view: View) -> View:
            endpoint = view.__name__
            documented: View = self.doc(operationId=endpoint, **_description_of(policy))(view)
            register(documented)
            self.record(lambda setup: declare(setup.app, f"{setup.blueprint.name}.{endpoint}", policy))
            return documented

        return decorate

    def arguments(self, schema: type[Schema], *, location: str = "json", **kwargs: Any) -> Callable[[View], View]:
        """Document a part of the request, and pass it to the view as its next argument, loaded by `schema`."""
        # An instance, because webargs would create one for each request from a class.
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

    def decorate(view: View) -> View:
        documented: View = Blueprint.doc(responses=successes | references | own)(view)
        return documented

    return decorate


def _description_of(policy: Policy) -> dict[str, Any]:
    """Return the part of a route's documentation that follows from its policy."""
    codes = [503] if policy.is_public else [401, 503]
    if policy.is_throttled:
        codes.append(429)
    security: dict[str, Any] = {"security": []} if policy.is_public else {}
    return {"responses": {code: problem_reference(code) for code in codes}, **security}


def _success(code: int, schema: Any, headers: Mapping[str, Any] | None, content_type: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": HTTPStatus(code).phrase,
        "headers": {"X-Request-ID": REQUEST_ID, **(headers or {})},
    }
    if schema is not None:
        described["content"] = {content_type: {"schema": schema}}
    return described
