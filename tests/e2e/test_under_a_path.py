"""The chat under a path: in a browser, behind a real nginx with the configuration of docs/operations.md.

tests/api/test_under_a_path.py walks through all routes.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from commands import run_minichat
from e2e.browsers import opened
from e2e.crowd import PASSWORD
from proxies import nginx_command
from servers import RunningServer, child, free_port, serving

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
REMOVED, PASSED = "/removed", "/passed/on"
"""The paths that nginx removes and passes on."""
USE = """async base => {
  const call = async (path, body, token) => {
    const headers = {"Content-Type": "application/json", ...(token && {"Authorization": `Bearer ${token}`})};
    return (await fetch(base + path, {method: "POST", headers, body: JSON.stringify(body)})).json();
  };
  const username = "ann" + base.length;
  const {user, tokens: {access}} = await call("/api/auth/register/", {username, password: "correct horse battery"});
  const room = await call("/api/chat/rooms/", {name: "Kitchen"}, access);
  const ticket = async () => (await call("/api/chat/events/ticket/", {}, access)).ticket;
  const heard = opens => new Promise((resolve, reject) => {
    opens.onerror = () => reject(new Error(`${opens.url} failed`));
    const receive = ({data}) => {
      const {type, data: message} = JSON.parse(data);
      if (type === "message.created") resolve(message.user.avatar);
    };
    opens.addEventListener("message", receive);  // the socket's type
    opens.addEventListener("message.created", receive);
  });
  const opened = opens => new Promise(resolve => opens.addEventListener("open", resolve));
  const [first, second] = [await ticket(), await ticket()];
  const source = new EventSource(`${base}/api/chat/events/?ticket=${first}`);
  const socket = new WebSocket(`${base.replace("http", "ws")}/ws/chat/${room.id}/?ticket=${second}`);
  const all = [heard(source), heard(socket)];
  await Promise.all([opened(source), opened(socket)]);
  await call("/api/chat/messages/", {room: room.id, content: "hello"}, access);
  const avatars = [user.avatar, ...await Promise.all(all)];
  source.close();
  socket.close();
  const image = new Image();
  image.src = avatars[1];
  await image.decode();
  return {avatars, width: image.naturalWidth};
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("under-a-path")
    with serving(folder, trusted_proxies="1", rate_limits="off") as server:
        made = run_minichat(folder, "createsuperuser", "--username", "root", "--password-stdin", says=f"{PASSWORD}\n")
        assert made.returncode == 0, made
        yield server


@pytest.fixture(scope="module")
def nginx(server, tmp_path_factory) -> Iterator[int]:
    """The port of an nginx in front of the server."""
    with running_nginx(tmp_path_factory.mktemp("nginx"), server.port) as port:
        yield port


@contextmanager
def running_nginx(folder: Path, upstream: int) -> Iterator[int]:
    found = re.search(r"^```nginx\n(location /chat/.*?)^```$", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    passed = found[1].replace("/chat", PASSED).replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    removed = passed.replace(PASSED, REMOVED).replace(f"{upstream};", f"{upstream}/;")
    port = free_port()
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    upgrade = 'map $http_upgrade $connection_upgrade { default upgrade; "" ""; }'
    (folder / "nginx.conf").write_text(
        f"error_log stderr; events {{}} http {{ access_log off; {kept} {upgrade}"
        f" server {{ listen 127.0.0.1:{port};\n{passed}\n{removed}\n}} }}"
    )
    log = folder / "nginx.log"
    with log.open("wb") as output, child(nginx_command(folder), folder, stderr=output, stdout=output) as process:
        RunningServer(process, log, port).wait_until_it_answers()
        yield port


@contextmanager
def opened_on(nginx: int, path: str, browser: Any) -> Iterator[Page]:
    """Open a page. At the end, the browser must have no complaint and no request outside our paths."""
    host = f"//127.0.0.1:{nginx}"
    with opened(browser, f"http:{host}{path}") as watched:
        yield watched.page
        assert watched.all_complaints() == []
        ours = ("data:", *(f"{scheme}:{host}{base}/" for scheme in ("http", "ws") for base in (REMOVED, PASSED)))
        assert [url for url in watched.asked if not url.startswith(ours)] == []


def test_the_documentation_streams_sockets_and_pictures_work_in_a_browser(browser, nginx):
    with opened_on(nginx, f"{REMOVED}/api/", browser) as page:
        page.locator("#operations-tag-health").click()
        operation = page.locator("#operations-health-check_health")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Execute").click()
        status = operation.locator(".live-responses-table .response-col_status").nth(1)
        assert status.inner_text().split()[0] == "200"
        for path in (REMOVED, PASSED):
            base = f"http://127.0.0.1:{nginx}{path}"
            used = page.evaluate(USE, base)
            assert used["width"] > 0
            assert len(used["avatars"]) == 3
            assert all(avatar.startswith(f"{base}/avatars/") for avatar in used["avatars"])


def test_the_administration_works_in_a_browser(browser, nginx):
    with opened_on(nginx, f"{PASSED}/admin/", browser) as page:
        base = f"http://127.0.0.1:{nginx}{PASSED}"
        assert page.url == f"{base}/admin/sign-in/"
        page.get_by_label("Username").fill("root")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Rooms").click()
        assert page.url == f"{base}/admin/rooms/"
        [cookie] = page.context.cookies()
        assert cookie["path"] == f"{PASSED}/admin"
        page.get_by_role("button", name="Sign out").click()
        assert page.url == f"{base}/admin/sign-in/"


def test_a_server_with_a_script_name_serves_what_is_below_it(tmp_path):
    with serving(tmp_path, variables={"SCRIPT_NAME": "/chat"}) as server:
        assert b'src="/chat/api/assets/docs.js"' in server.call("GET", "/chat/api/").body
        assert b'src="/chat/web/start.js"' in server.call("GET", "/chat/").body
        assert server.call("GET", "/chat/api/openapi.json").json["servers"] == [
            {"url": f"http://127.0.0.1:{server.port}/chat"}
        ]
        for path in ("/", "/healthz", "/chatter/healthz", "/chathealthz"):
            answer = server.call("GET", path)
            assert (answer.status, answer.json["code"]) == (404, "not_found"), path
        assert f"the chat on http://127.0.0.1:{server.port}/chat/, " in server.said
        assert "error" not in server.said
