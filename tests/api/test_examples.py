"""Every example of the document works as it stands, as the documentation page fills it in.

Ids in paths and tokens come from a chat that is prepared for the examples: Ann has id 1 and Bob has id 2, and both are
in room 1, where Ann has written message 1.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest

from api.client import PASSWORD, PICTURE, Chat, Person, Visitor
from api.conftest import Stage, on_one_database
from minichat.domain.account_links import AccountLinks
from minichat.domain.model import LinkPurpose

pytestmark = on_one_database

SOCKETS = {"open_socket", "open_room_socket"}
"""These need a real connection: see tests/e2e/test_sockets.py."""
BY_BOB = {"report_message"}
"""Requests that the author of the message can't make."""
FOR_AN_EMPTY_CHAT = {"register_account"}
REFUSED_ON_PURPOSE = {"delete_me"}
"""Nobody erases an account by trying the documentation page out."""
METHODS = {"get", "post", "put", "patch", "delete"}


class Prepared(NamedTuple):
    chat: Chat
    ann: Person
    bob: Person
    path: dict[str, Any]
    """Values of the parameters in paths."""
    tokens: dict[str, str]
    """Values of the fields that hold a token."""
    links: dict[str, str]
    """The tokens of links that mails would bring, by the operation that uses them."""


def prepared(stage: Stage) -> Prepared:
    chat = stage.chat()
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    message = ann.says("hello", in_=room)
    invitation = ann.invites(room)
    path = {
        "room_id": room["id"],
        "user_id": bob.id,
        "message_id": message["id"],
        "session_id": ann.logs_in().session_id,
        "invite_id": invitation["id"],
        "picture_id": ann.shows_a_picture(),
    }
    assert (ann.id, bob.id, room["id"], message["id"]) == (1, 2, 1, 1)
    tokens = {"refresh": ann.refresh, "token": invitation["token"]}
    return Prepared(chat, ann, bob, path, tokens, links_of(chat, ann))


def links_of(chat: Chat, person: Person) -> dict[str, str]:
    services = chat.app.extensions["minichat"].services
    account_links: AccountLinks = services.recovery.account_links
    with services.recovery.transaction(account=person.id):
        user = services.recovery.user_store.get(person.id)
        links = {purpose: account_links.token_of(account_links.make(user, purpose)) for purpose in LinkPurpose}
    return {"confirm_password_reset": links[LinkPurpose.RESET], "verify_email": links[LinkPurpose.VERIFY]}


def example_of(parameter: dict[str, Any]) -> Any:
    return parameter["schema"].get("example")


def request_of(place: Prepared, template: str, operation: dict[str, Any], path_parameters: list[Any]) -> dict[str, Any]:
    """Return the path and the arguments of the request that the examples of an operation describe."""
    parameters = [*path_parameters, *operation.get("parameters", [])]
    in_path = {one["name"]: place.path.get(one["name"], example_of(one)) for one in parameters if one["in"] == "path"}
    query = {one["name"]: example_of(one) for one in parameters if one["in"] == "query" and example_of(one) is not None}
    path = template.format(**{name: quote(str(value)) for name, value in in_path.items()})
    sent: dict[str, Any] = {"path": f"{path}?{urlencode(query)}" if query else path}
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        sent["data"] = {"file": (BytesIO(PICTURE), "me.png")}
    elif content:
        link = place.links.get(operation["operationId"])
        tokens = place.tokens if link is None else {"token": link}
        example = content["application/json"]["example"]
        sent["json"] = {name: tokens.get(name, one) for name, one in example.items()}
    return sent


def operations(stage: Stage) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    """Yield the method, the path and the description of each operation, and the parameters of its path."""
    for template, methods in stage.document.document["paths"].items():
        for method in METHODS & methods.keys():
            yield method, template, methods[method], methods.get("parameters", [])


def test_every_example_gets_the_documented_success(stage: Stage) -> None:
    place = None
    for method, template, operation, path_parameters in operations(stage):
        name = operation["operationId"]
        if name in SOCKETS | REFUSED_ON_PURPOSE:
            continue
        # Requests that change nothing share a chat.
        place = place or prepared(stage)
        sent = request_of(place, template, operation, path_parameters)
        sender: Visitor = place.bob if name in BY_BOB else place.ann
        if operation.get("security") == []:
            sender = place.chat.anyone
        if name in FOR_AN_EMPTY_CHAT:
            sender = stage.chat().anyone
        answer = sender.sends(method.upper(), **sent)
        successes = {int(status) for status in operation["responses"] if status < "300"}
        assert answer.status in successes, (name, sent, answer)
        if method != "get":
            place = None


def test_trying_the_deletion_of_an_account_out_erases_nothing(stage: Stage) -> None:
    ann = stage.chat().person("ann")
    example = stage.document.document["components"]["schemas"]["EraseIn"]["properties"]["password"]["example"]
    assert ann.sends("DELETE", "/api/auth/me/", json={"password": example}).status == 400
    assert ann.gets("/api/auth/me/").body["username"] == "ann"


def test_every_json_body_has_an_example_with_each_required_field(stage: Stage) -> None:
    schemas = stage.document.document["components"]["schemas"]
    for _, _, operation, _ in operations(stage):
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is not None:
            schema = schemas[described["schema"]["$ref"].rpartition("/")[2]]
            assert set(schema.get("required", [])) <= set(described["example"]), operation["operationId"]


@pytest.mark.parametrize("name", ["RegisterIn", "LoginIn"])
def test_the_examples_share_one_password(stage: Stage, name: str) -> None:
    fields = stage.document.document["components"]["schemas"][name]["properties"]
    examples = {field["example"] for name, field in fields.items() if re.match("password", name)}
    assert examples == {PASSWORD}
