"""Compares every answer with the OpenAPI document: the status, the headers, the content type and each field."""

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Flask
from jsonschema_rs import Draft202012Validator, Registry
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from minichat.api.openapi import openapi_document

URI = "urn:minichat"
PROBLEM = "application/problem+json"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
# The documentation's own pages. The OpenAPI document does not describe them.
UNDOCUMENTED = {"docs.page", "docs.asset", "docs.openapi", "web.page", "web.start", "web.file"}


def is_time(value: str) -> bool:
    """Return whether a text is a time in the contract's form: RFC 3339, UTC, with milliseconds."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value, re.ASCII):
        return False
    return datetime.fromisoformat(value).tzinfo is not None


def path_of(rule: Rule) -> str:
    """Return the path of a rule in OpenAPI's form: `/rooms/{room_id}/`."""
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)


class Document:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.document = openapi_document(app)
        # Through JSON, as a client gets it, so that values without a JSON form fail here.
        self._registry = Registry([(URI, json.loads(json.dumps(self.document)))])
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, method: str, path: str, response: TestResponse) -> None:
        """Fail unless the document allows this response to this request."""
        where = f"{method} {path[:100]} -> {response.status_code} {response.get_data()[:1000]!r}"
        assert response.status_code < 500 or response.status_code == 503, where
        self._check_headers(response, where)
        if method == "OPTIONS":
            return
        try:
            rule, _ = self.app.url_map.bind("localhost").match(path, method, return_rule=True)
        except NotFound:
            assert response.status_code == 404, where
            self._check_problem(response, "not_found", method, where)
            return
        except MethodNotAllowed:
            assert response.status_code == 405, where
            assert response.headers["Allow"], where
            self._check_problem(response, "method_not_allowed", method, where)
            return
        if rule.endpoint not in UNDOCUMENTED:
            self._check_documented(rule, method, response, where)

    def _check_headers(self, response: TestResponse, where: str) -> None:
        headers = response.headers
        assert re.fullmatch(r"[!-~]{1,128}", headers["X-Request-ID"]), where
        for name, value in SECURITY_HEADERS.items():
            assert headers.getlist(name) == [value], (name, where)
        assert "default-src 'none'" in headers["Content-Security-Policy"], where
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] or "svg" in headers["Content-Type"], where
        assert "unsafe-eval" not in headers["Content-Security-Policy"], where
        assert headers["Cache-Control"] == "no-store" or "json" not in headers.get("Content-Type", ""), where
        assert ("WWW-Authenticate" in headers) == (response.status_code == 401), where
        assert ("Retry-After" in headers) == (response.status_code in {429, 503}), where

    def _check_problem(self, response: TestResponse, code: str | None, method: str, where: str) -> None:
        assert response.content_type == PROBLEM, where
        if method == "HEAD":
            return
        self._validate(f"{URI}#/components/schemas/Problem", response.json, where)
        problem: Any = response.json
        assert problem["status"] == response.status_code, where
        assert problem["request_id"] == response.headers["X-Request-ID"], where
        assert code in {None, problem["code"]}, where
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", problem["code"]), where

    def _check_documented(self, rule: Rule, method: str, response: TestResponse, where: str) -> None:
        verb = "get" if method == "HEAD" else method.lower()
        place = f"/paths/{path_of(rule).replace('~', '~0').replace('/', '~1')}/{verb}/responses/{response.status_code}"
        responses = self.document["paths"][path_of(rule)][verb]["responses"]
        assert str(response.status_code) in responses, f"not documented: {where}"
        documented = responses[str(response.status_code)]
        if "$ref" in documented:
            place = documented["$ref"].removeprefix("#")
            documented = self.document["components"]["responses"][place.rpartition("/")[2]]
        sent = {name for name in ("Link", "Idempotency-Replayed", "Retry-After") if name in response.headers}
        assert sent <= set(documented["headers"]), where
        if "content" not in documented:
            assert not response.get_data(), where
            assert "Content-Type" not in response.headers or response.status_code != 204, where
            return
        content_type = response.content_type.partition(";")[0]
        assert content_type in documented["content"], where
        if "json" in content_type:
            assert response.content_type == content_type, where
        if content_type == PROBLEM:
            self._check_problem(response, None, method, where)
        elif method == "HEAD":
            assert not response.get_data(), where
        elif content_type == "application/json":
            content = content_type.replace("/", "~1")
            self._validate(f"{URI}#{quote(place)}/content/{content}/schema", response.json, where)
        elif content_type == "text/event-stream":
            for event in re.findall(r"^data: (.*)$", response.get_data(as_text=True), re.MULTILINE):
                self.check_event(json.loads(event), where)

    def check_event(self, event: object, where: str = "an event") -> None:
        """Fail unless the document allows this event of a stream or a WebSocket."""
        self._validate(f"{URI}#/components/schemas/Event", event, where)

    def _validate(self, reference: str, body: object, where: str) -> None:
        validator = self._validators.get(reference)
        if validator is None:
            validator = Draft202012Validator(
                {"$ref": reference}, registry=self._registry, formats={"date-time": is_time}, validate_formats=True
            )
            self._validators[reference] = validator
        errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(body)]
        assert not errors, (errors, where)
