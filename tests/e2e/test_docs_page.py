"""A real browser: the documentation page at `/api/`, and pages of other origins that call the API."""

import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

from e2e.crowd import register
from servers import serving

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Quiet and alone: no sandbox inside a container, and nothing asked of anybody but the pages under test.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 1_000


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>elsewhere</title>")

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere():
    """The port of a web server that is not ours, as `localhost` and as `127.0.0.1`: two origins."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        yield pages.server_port
        pages.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory, elsewhere):
    folder = tmp_path_factory.mktemp("docs-page")
    with serving(folder, cors_origins=f"http://localhost:{elsewhere}") as server:
        yield server


@pytest.fixture(scope="module")
def ann(server):
    [ann] = register(server, "ann")
    return ann


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "there is no Chromium: `make browser` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page in a profile of its own, and everything that it complains of or asks for."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        self.asked = []
        page.set_default_timeout(20 * SECONDS)
        page.add_init_script(
            "window.violations = []; addEventListener('securitypolicyviolation',"
            " event => violations.push(`${event.violatedDirective}: ${event.blockedURI}`), true)"
        )
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self._heard("error", f"{error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, kind, text):
        if kind in {"error", "warning", "assert"}:
            self.complaints.append(text)

    def all_complaints(self):
        return self.complaints + self.page.evaluate("window.violations")


@contextmanager
def opened(browser, url):
    with browser.new_context() as context:
        watched = Watched(context.new_page())
        watched.page.goto(url)
        yield watched


@pytest.fixture
def docs(browser, server):
    with opened(browser, f"http://127.0.0.1:{server.port}/api/") as docs:
        yield docs
        base = f"http://127.0.0.1:{server.port}/"
        assert docs.all_complaints() == []
        assert [url for url in docs.asked if not url.startswith((base, "data:"))] == []


def answer_of(page, operation):
    """Press "Execute" at an operation, and return the status and the text of the answer."""
    shown = page.locator(f"#operations-{operation}")
    shown.locator(".opblock-summary-control").click()
    shown.get_by_role("button", name="Execute").click()
    live = shown.locator(".live-responses-table")
    return live.locator(".response-col_status").nth(1).inner_text(), live.locator(".highlight-code").first.inner_text()


def test_it_shows_every_operation_and_asks_nobody_else(docs, ann):
    page = docs.page
    page.locator(".opblock").first.wait_for()
    paths = ann.get("/api/openapi.json")["paths"]
    operations = {
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    shown = {
        tuple(block.inner_text().replace("\u200b", "").split()[:2]) for block in page.locator(".opblock-summary").all()
    }
    assert shown == operations
    assert page.title() == "minichat API"
    assert page.locator(".errors-wrapper").count() == 0


def test_an_operation_opens_with_its_example_and_its_answers(docs):
    page = docs.page
    page.locator("#operations-messages-send_message .opblock-summary-control").click()
    operation = page.locator("#operations-messages-send_message")
    assert '"content": "hello"' in operation.locator("textarea").first.input_value()
    shown = operation.locator(".responses-table .response-col_status").all_inner_texts()
    assert {"201", "200", "400", "401"} <= {status.split()[0] for status in shown}


def test_with_a_token_it_tries_out_what_needs_one(docs, ann):
    page = docs.page
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(ann.token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").click()
    status, text = answer_of(page, "auth-me")
    assert status.split()[0] == "200"
    assert '"username": "ann"' in text


def test_without_a_token_it_shows_the_refusal(browser, server):
    with opened(browser, f"http://127.0.0.1:{server.port}/api/") as docs:
        status, text = answer_of(docs.page, "auth-me")
        assert status.split()[0] == "401"
        assert "not_authenticated" in text


CALL = """async ([url, token, method, body]) => {
  const headers = {"Authorization": `Bearer ${token}`, "X-Request-ID": "from-elsewhere"};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, {method, headers, body: body && JSON.stringify(body)});
  return {status: answer.status, body: await answer.json(), headers: Object.fromEntries(answer.headers)};
}"""


def test_a_page_of_an_allowed_origin_calls_the_api_and_sees_the_exposed_headers(browser, server, elsewhere, ann):
    def call(path, method="GET", body=None, token=ann.token):
        url = f"http://127.0.0.1:{server.port}{path}"
        return there.page.evaluate(CALL, [url, token, method, body])

    with opened(browser, f"http://localhost:{elsewhere}/") as there:
        assert call("/api/auth/me/")["body"]["username"] == "ann"
        rooms = [call("/api/chat/rooms/", "POST", {"name": name})["body"]["id"] for name in ("Kitchen", "Garden")]
        message = {"room": rooms[0], "content": "hello", "client_id": "once"}
        assert call("/api/chat/messages/", "POST", message)["status"] == 201
        again = call("/api/chat/messages/", "POST", message)
        assert again["headers"]["idempotency-replayed"] == "true"
        listed = call("/api/chat/rooms/?limit=1")
        assert 'rel="next"' in listed["headers"]["link"]
        assert listed["headers"]["x-request-id"] == "from-elsewhere"
        assert call(f"/api/chat/rooms/{rooms[1]}/", "PATCH", {"name": "Yard"})["body"]["name"] == "Yard"
        assert there.all_complaints() == []
        # Refusals can be read, too: an application there must know that it should log in again.
        assert call("/api/auth/me/", token="none")["body"]["code"] == "token_invalid"
        assert call("/api/chat/rooms/4040404/")["status"] == 404


def test_a_page_of_another_origin_is_refused(browser, server, elsewhere, ann):
    with opened(browser, f"http://127.0.0.1:{elsewhere}/") as there:
        outcome = there.page.evaluate(
            f"async asked => {{ try {{ await ({CALL})(asked) }} catch (error) {{ return error.name }} }}",
            [f"http://127.0.0.1:{server.port}/api/auth/me/", ann.token, "GET", None],
        )
        assert outcome == "TypeError"
        assert any("CORS policy" in complaint for complaint in there.complaints)
        public = there.page.evaluate(
            "async url => { try { await fetch(url); return 'read' } catch (error) { return error.name } }",
            f"http://127.0.0.1:{server.port}/healthz",
        )
        assert public == "TypeError"
