"""Properties of every route, from the URL map: policy, docstring and documented answers; and the document itself."""

import json
import re
from typing import Any

import pytest
from flask import Flask, Response
from jsonschema_rs import Draft202012Validator, meta
from werkzeug.routing import Rule

from api.client import Chat
from api.conftest import Stage, on_one_database
from api.document import UNDOCUMENTED, path_of
from api.routes import OVER_HTTP, PUBLIC, ROUTES, WITH_BODY, WITH_FILES, Route
from minichat.api.application import ChatRule
from minichat.api.blueprint import Blueprint
from minichat.api.policy import Access, policies, policy_of
from minichat.api.stream_requests import opens_stream
from minichat.domain.model import ChangeKind

pytestmark = on_one_database

PUBLIC_ENDPOINTS = {
    *("auth.register_account", "auth.log_in", "auth.refresh_tokens", "invitations.preview_invite", "info.get_info"),
    *("recovery.request_password_reset", "recovery.confirm_password_reset", "recovery.verify_email"),
    *("avatars.get_placeholder", "avatars.get_picture"),
    *("health.check_health", "health.check_readiness", "health.get_metrics"),
    *UNDOCUMENTED,
}
"""The routes that need no token. Add a new public route here too: a policy alone must not open it unnoticed."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VERBS = {
    "GET": "get list search export sync stream open check",
    "POST": "register log refresh change create join leave mark start send add block preview accept report"
    " request confirm verify resend",
    "PUT": "put upload add pin",
    "PATCH": "update",
    "DELETE": "delete remove revoke unblock unpin",
}
"""The verbs with which the operation ids of a method begin. An id is a method's name in generated clients."""


def rules(stage: Stage) -> list[Rule]:
    """Return all routes except those of the administration, which has its own sign-in (see test_admin)."""
    return [rule for rule in stage.app.url_map.iter_rules() if not rule.rule.startswith("/admin")]


def calls(stage: Stage) -> list[tuple[str, Rule]]:
    return [(method, rule) for rule in rules(stage) for method in METHODS if method in (rule.methods or ())]


def test_a_stream_is_recognised_before_its_request_is_parsed(stage: Stage) -> None:
    for method, rule in calls(stage):
        path = re.sub("<id:.*?>", "17", rule.rule)
        is_stream = method == "GET" and policy_of(stage.app, rule.endpoint).is_stream
        for target in (path, path.rstrip("/") or "/", f"/under/a/path{path}?ticket=secret"):
            assert opens_stream(f"{method} {target} HTTP/1.1\r\n".encode()) is is_stream, target


def operations(stage: Stage) -> dict[str, dict[str, Any]]:
    paths = stage.document.document["paths"]
    return {
        f"{method} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method.upper() in METHODS
    }


def values_of(rule: Rule) -> dict[str, object]:
    """Return a value for each part of the route's address that varies."""
    values: dict[str, object] = {
        "room_id": 1,
        "user_id": 1,
        "session_id": 1,
        "message_id": 1,
        "invite_id": 1,
        "emoji": "👍",
        "picture_id": "x",
        "letter": "A",
        "name": "docs.js",
        "digest": "0123456789abcdef",
    }
    return {name: values.get(name, 1) for name in rule.arguments}


def address(rule: Rule) -> str:
    return path_of(rule).format(**values_of(rule))


class TestEveryRoute:
    def test_every_route_is_in_the_table_of_the_tests(self, stage: Stage) -> None:
        known = {(route.method, route.template) for route in ROUTES}
        documented = {(method, path_of(rule)) for method, rule in calls(stage) if rule.endpoint not in UNDOCUMENTED}
        assert {(method, path.replace("1-A.svg", "{user_id}-{letter}.svg")) for method, path in known} == documented

    @pytest.mark.parametrize("append_unknown", [True, False])
    def test_every_route_builds_the_url_that_werkzeug_builds(self, stage: Stage, append_unknown: bool) -> None:
        for rule in stage.app.url_map.iter_rules():
            values = {**values_of(rule), "q": "a b", "self": "x"}
            build = Rule._compile_builder(rule, append_unknown)
            assert isinstance(rule, ChatRule)
            assert rule.build(values, append_unknown) == build(rule, **values)

    def test_every_route_declares_a_policy(self, stage: Stage) -> None:
        declared = policies(stage.app)
        for rule in stage.app.url_map.iter_rules():
            assert rule.endpoint in declared, rule

    def test_a_route_without_a_policy_needs_a_token_and_is_throttled(self) -> None:
        blueprint = Blueprint("forgetful", __name__)

        @blueprint.route("/forgotten/")
        def view() -> Response:
            return Response()

        app = Flask(__name__)
        app.register_blueprint(blueprint)
        for policy in (policy_of(app, "forgetful.view"), policy_of(app, "added.by.flask")):
            assert (policy.access, policy.is_throttled) == (Access.TOKEN, True)

    def test_only_the_listed_routes_have_a_public_policy(self, stage: Stage) -> None:
        endpoints = {rule.endpoint for rule in rules(stage)}
        assert {name for name in endpoints if policy_of(stage.app, name).is_public} == PUBLIC_ENDPOINTS

    def test_every_route_needs_a_token_unless_its_policy_is_public(self, stage: Stage) -> None:
        chat = stage.chat()
        for method, rule in calls(stage):
            answer = chat.anyone.sends(method, address(rule), json={} if method != "GET" else None)
            assert (answer.status == 401) is not policy_of(stage.app, rule.endpoint).is_public, (method, rule)
            if answer.status == 401:
                assert answer.code == "not_authenticated"

    def test_the_document_says_whether_a_route_needs_a_token(self, stage: Stage) -> None:
        for method, rule in calls(stage):
            if rule.endpoint in UNDOCUMENTED:
                continue
            operation = operations(stage)[f"{method.lower()} {path_of(rule)}"]
            is_open = rule.endpoint in PUBLIC_ENDPOINTS
            takes_tokens = {"bearer": []} in operation.get("security", [{"bearer": []}])
            assert takes_tokens is not is_open, operation
            assert "401" in operation["responses"] or is_open

    def test_every_route_has_a_docstring(self, stage: Stage) -> None:
        for rule in rules(stage):
            text = stage.app.view_functions[rule.endpoint].__doc__
            assert text, rule
            assert text.splitlines()[0].endswith("."), rule

    def test_every_route_has_a_summary_and_a_tag(self, stage: Stage) -> None:
        for name, operation in operations(stage).items():
            assert operation["summary"].endswith("."), name
            assert operation["tags"], name

    def test_every_operation_id_is_unique_and_a_verb_with_a_noun(self, stage: Stage) -> None:
        ids = [operation["operationId"] for operation in operations(stage).values()]
        assert len(set(ids)) == len(ids)
        for name, operation in operations(stage).items():
            method = name.split()[0].upper()
            verbs = "|".join(VERBS[method].split())
            assert re.fullmatch(rf"({verbs})(_[a-z]+)+", operation["operationId"]), (name, operation["operationId"])

    def test_an_operation_that_answers_with_an_array_is_named_list_or_search(self, stage: Stage) -> None:
        for name, operation in operations(stage).items():
            content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
            is_array = content.get("schema", {}).get("type") == "array"
            assert not is_array or operation["operationId"].startswith(("list_", "search_")), name

    def test_every_route_documents_its_answers(self, stage: Stage) -> None:
        bodies = {f"{route.method.lower()} {route.template}" for route in (*WITH_BODY, *WITH_FILES)}
        for name, operation in operations(stage).items():
            answers = set(operation["responses"])
            assert "503" in answers, name
            assert ({"400", "413", "415"} <= answers) == (name in bodies) == ("requestBody" in operation), name
            has_query = any(place["in"] == "query" for place in operation.get("parameters", []))
            assert "400" in answers or not has_query, name
            assert "404" in answers or "{" not in name, name
            assert len({code for code in answers if code < "300"}) >= 1, name

    def test_another_method_is_405_with_the_allowed_methods(self, stage: Stage) -> None:
        chat = stage.chat()
        ann = chat.person("ann")
        for rule in rules(stage):
            taken = {method for method, other in calls(stage) if path_of(other) == path_of(rule)}
            allowed = taken | {"OPTIONS"} | ({"HEAD"} if "GET" in taken else set())
            for method in (*METHODS, "HEAD", "TRACE", "PROPFIND"):
                if method not in allowed:
                    answer = ann.sends(method, address(rule))
                    assert answer.status == 405, (method, rule)
                    assert set(answer.headers["Allow"].split(", ")) == allowed, (method, rule)

    def test_options_returns_the_allowed_methods_and_no_body(self, stage: Stage) -> None:
        chat = stage.chat()
        for rule in rules(stage):
            answer = chat.anyone.sends("OPTIONS", address(rule))
            taken = {method for method, other in calls(stage) if path_of(other) == path_of(rule)}
            assert answer.status in {200, 204}
            assert answer.text == ""
            allowed = set(answer.headers["Allow"].split(", "))
            assert allowed == taken | {"OPTIONS"} | ({"HEAD"} if "GET" in taken else set()), rule

    @pytest.mark.parametrize("route", [route for route in OVER_HTTP if route.method == "GET"], ids=str)
    def test_head_answers_as_get_without_the_body(self, chat: Chat, route: Route) -> None:
        ann = chat.person("ann")
        ann.says("hello", in_=ann.makes_room())
        path = route.path.format(
            room=1, other=1, message=1, picture=ann.shows_a_picture() if "{picture}" in route.path else ""
        ) + ("?q=a" if "q" in route.query else "")
        head, get = (ann.sends(method, path, headers={"X-Request-ID": "same"}) for method in ("HEAD", "GET"))
        assert (head.status, head.raw, get.status) == (200, b"", 200)
        if route.path == "/metrics":
            head.headers["Content-Length"] = get.headers["Content-Length"]  # the second answer counts the first request
        assert sorted(head.headers) == sorted(get.headers)
        if route.path not in PUBLIC:
            assert chat.anyone.sends("HEAD", path).status == 401

    def test_every_list_that_pages_documents_its_links(self, stage: Stage) -> None:
        for name, operation in operations(stage).items():
            queries = {place["name"] for place in operation.get("parameters", []) if place["in"] == "query"}
            pages = bool(queries & {"cursor", "before"})
            assert ("Link" in operation["responses"].get("200", {}).get("headers", {})) == pages, name
            assert "limit" in queries or not pages


class TestTheDocument:
    def test_the_document_is_valid_openapi_3_1(self, stage: Stage) -> None:
        from schemathesis.specs.openapi.definitions import OPENAPI_31  # late: only the process of this test loads it

        document = json.loads(json.dumps(stage.document.document))
        assert document["openapi"].startswith("3.1.")
        errors = [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(document)]
        assert errors == []

    def test_every_schema_is_valid_and_used(self, stage: Stage) -> None:
        text = json.dumps(stage.document.document)
        for name, schema in stage.document.document["components"]["schemas"].items():
            meta.validate(schema)
            assert f'"#/components/schemas/{name}"' in text, f"{name} is not used"

    def test_the_unions_of_events_name_every_type(self, stage: Stage) -> None:
        def types(union: str) -> set[str]:
            schemas = stage.document.document["components"]["schemas"]
            mapping = schemas[union]["discriminator"]["mapping"]
            assert schemas[union]["oneOf"] == [{"$ref": ref} for ref in dict.fromkeys(mapping.values())]
            for kind, reference in mapping.items():
                shape = schemas[reference.rpartition("/")[2]]["properties"]
                assert kind in shape["type"]["enum"]
                assert "$ref" in shape["data"]
            return set(mapping)

        assert types("StoredEvent") == {*ChangeKind} - {ChangeKind.UNKNOWN}
        assert types("Event") == types("StoredEvent") | {"typing", "presence", "resync"}

    def test_every_reference_resolves(self, stage: Stage) -> None:
        def references(node: object) -> list[str]:
            if isinstance(node, dict):
                own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
                return own + [found for value in node.values() for found in references(value)]
            if isinstance(node, list):
                return [found for value in node for found in references(value)]
            return []

        for reference in references(stage.document.document):
            node: Any = stage.document.document
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]
            assert node

    def test_every_example_fits_its_schema(self, stage: Stage) -> None:
        for schema in stage.document.document["components"]["schemas"].values():
            for field in schema.get("properties", {}).values():
                if "example" in field and "$ref" not in json.dumps(field):
                    Draft202012Validator(field).validate(field["example"])

    def test_the_api_serves_this_document(self, stage: Stage) -> None:
        chat = stage.chat()
        answer = chat.anyone.gets("/api/openapi.json")
        assert answer.headers["Content-Type"] == "application/json"
        document = json.loads(json.dumps(stage.document.document))
        assert answer.body == {**document, "servers": [{"url": "http://localhost"}]}
