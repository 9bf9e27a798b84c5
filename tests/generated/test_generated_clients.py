"""Clients in two languages that others' generators write from the OpenAPI document, against a running server.

Both are compiled strictly, tell the story of the README as docs/clients.md does, and call every operation. The socket
operations are called as well: without an upgrade, each is refused with a problem.
"""

import ast
import json
import re
from pathlib import Path

import pytest

from generated.clients import DOCUMENT, python_client, run, typescript_client
from servers import serving

pytestmark = pytest.mark.timeout(300)  # the first test of each language generates and compiles its client

PASSWORD = "correct horse battery"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("generated"), rate_limits="off") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def typescript() -> Path:
    return typescript_client()


@pytest.fixture(scope="module")
def python() -> Path:
    return python_client()


@pytest.fixture(scope="module")
def operations():
    """The operations of the document by method and path."""
    paths = json.loads(DOCUMENT.read_text())["paths"]
    return {
        (method.upper(), path): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in METHODS
    }


def story(folder: Path, name: str, base: str) -> list[str]:
    """Run a program of docs/clients.md against the server, and return the lines that it promises and prints."""
    program = folder / name
    text = program.read_text()
    assert text.count("http://127.0.0.1:8000") == 1
    here = program.with_name(f"here-{name}")
    here.write_text(text.replace("http://127.0.0.1:8000", base))
    promised = re.findall(r"\S +(?://|#) (.+)$", text, re.MULTILINE)
    printed = run(folder, here.name)
    assert printed == promised
    return printed


def test_the_typescript_client_tells_the_story_of_the_readme(typescript, base):
    assert story(typescript, "story.ts", base) == ["false", "Hello, Bob!", "true", "session_ended"]


def test_the_python_client_tells_the_story_of_the_readme(python, base):
    assert story(python, "story.py", base) == ["False", "Hello, Bob!", "True", "session_ended"]


def test_the_typescript_client_calls_every_operation(typescript, base, operations):
    [line] = run(typescript, "calls.ts", base, PASSWORD)
    assert {tuple(call.split()) for call in json.loads(line)} == set(operations)


def test_the_python_client_calls_every_operation(python, base, operations):
    [line] = run(python, "calls.py", base, PASSWORD)
    called = {(method, path) for method, path in json.loads(line)}
    for method, template in operations:
        address = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))
        fitting = {(verb, path) for verb, path in called if verb == method and address.fullmatch(path)}
        assert fitting, (method, template)


def test_no_type_of_the_typescript_client_is_any_or_unknown(typescript):
    text = re.sub(r"/\*.*?\*/", "", (typescript / "minichat.ts").read_text(), flags=re.DOTALL)
    untyped = {line.strip() for line in text.splitlines() if re.search(r"\b(any|unknown)\b", line)}
    assert untyped == {"[name: string]: unknown;"}
    # These are the headers that a proxy may add.
    assert text.count("[name: string]: unknown;") == len(
        re.findall(r"headers: \{[^{}]*\[name: string\]: unknown;\s*\}", text)
    )


def test_no_field_of_the_python_client_is_any(python):
    models = list((python / "minichat_client/models").glob("*.py"))
    fields = [
        (path.name, ast.unparse(node))
        for path in models
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for node in node.body
        if isinstance(node, ast.AnnAssign)
    ]
    assert len(fields) > len(models)
    assert [field for field in fields if re.search(r"\b(Any|object)\b", field[1])] == []


def test_only_answers_without_content_are_any_in_the_python_client(python, operations):
    for operation in operations.values():
        [path] = (python / "minichat_client/api").glob(f"*/{operation['operationId']}.py")
        functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
        returned = functions["sync"].returns
        assert returned is not None
        successes = [answer for status, answer in operation["responses"].items() if status < "400"]
        has_none = any("content" not in answer for answer in successes)
        assert ("Any" in ast.unparse(returned).split(" | ")) == has_none, path.name
