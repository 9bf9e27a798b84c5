"""A real browser: the documentation page at `/api/`, and pages of other origins that call the API."""

import re

import pytest

from e2e.browsers import empty_pages, opened
from e2e.crowd import register
from servers import serving


@pytest.fixture(scope="module")
def elsewhere():
    """The port of another web server, as `localhost` and as `127.0.0.1`: two origins."""
    with empty_pages() as port:
        yield port


@pytest.fixture(scope="module")
def server(tmp_path_factory, elsewhere):
    """The server, at an address that is not the public one: the page calls its own address all the same."""
    folder = tmp_path_factory.mktemp("docs-page")
    allowed = f"http://localhost:{elsewhere}"
    with serving(folder, cors_origins=allowed, public_url="https://chat.example.org") as server:
        yield server


@pytest.fixture(scope="module")
def eve(server):
    [eve] = register(server, "eve")
    return eve


@pytest.fixture(scope="module")
def docs(browser, server):
    """The page, loaded once: a browser needs seconds for all operations, and one or two for each that is opened."""
    with opened(browser, f"http://127.0.0.1:{server.port}/api/") as docs:
        yield docs


def complaints_of(docs, server):
    """Return the page's warnings and errors, and its requests to other hosts."""
    base = f"http://127.0.0.1:{server.port}/"
    return [*docs.all_complaints(), *(url for url in docs.asked if not url.startswith((base, "data:")))]


def opened_operation(page, group, operation):
    """Open an operation and its group, if they are closed, as on a page that was just loaded."""
    page.locator(f"#operations-tag-{group}").wait_for()
    closed = page.locator(f"#operations-tag-{group}[data-is-open=false]")
    if closed.count():
        closed.click()
    shown = page.locator(f"#operations-{group}-{operation}")
    summary = shown.locator(".opblock-summary-control")
    if summary.get_attribute("aria-expanded") == "false":
        summary.click()
    return shown


def answer_of(page, group, operation):
    """Open an operation, press "Execute", and return the status and the text of the answer."""
    shown = opened_operation(page, group, operation)
    shown.get_by_role("button", name="Execute").click()
    live = shown.locator(".live-responses-table")
    status = live.locator(".response-col_status").nth(1).inner_text()
    return status.split()[0], live.locator(".highlight-code").first.inner_text()


def authorize(page, token):
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").click()


def stored(page):
    """Return the token that the tab keeps, and what the browser keeps for longer."""
    return page.evaluate("[sessionStorage.getItem('minichat-api-token'), {...localStorage}]")


def test_an_operation_opens_with_its_example_and_its_answers(docs):
    page = docs.page
    operation = opened_operation(page, "auth", "register_account")
    assert '"username": "ann"' in operation.locator("textarea").first.input_value()
    shown = operation.locator(".responses-table .response-col_status").all_inner_texts()
    assert {"201", "400", "403", "409"} <= {status.split()[0] for status in shown}


def test_the_page_follows_the_colour_scheme_and_fits_a_phone(docs):
    page = docs.page
    size = page.viewport_size
    page.emulate_media(color_scheme="dark")
    page.locator("html.dark-mode").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size(size)


def test_the_page_registers_as_filled_in_and_keeps_the_token_for_the_tab_until_the_log_out(docs, server):
    page = docs.page
    status, text = answer_of(page, "auth", "register_account")
    assert status == "201"
    [token] = re.findall(r'"access": "([^"]+)"', text)
    authorize(page, token)
    page.reload()
    status, text = answer_of(page, "auth", "get_me")
    assert status == "200"
    assert '"username": "ann"' in text
    assert stored(page) == [token, {}]

    assert answer_of(page, "auth", "log_out")[0] == "200"
    assert stored(page) == [None, {}]
    again = page.locator("#operations-auth-get_me")
    again.get_by_role("button", name="Execute").click()
    again.get_by_text("not_authenticated").first.wait_for()


def test_the_page_shows_every_operation_and_contacts_no_other_host(docs, server, eve):
    """The last test of the shared page, since so many open operations make it slow."""
    page = docs.page
    page.locator(".opblock-tag").first.wait_for()
    page.evaluate("document.querySelectorAll('.opblock-tag[data-is-open=false]').forEach(group => group.click())")
    paths = eve.get("/api/openapi.json")["paths"]
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
    # The browser names the refused request. Swagger UI takes the `_` of an operation id for a space of older versions.
    expected = ("401", "escaping deep link whitespace")
    assert [one for one in complaints_of(docs, server) if not any(part in one for part in expected)] == []


CALL = """async ([url, token, method, body]) => {
  const headers = {"Authorization": `Bearer ${token}`, "X-Request-ID": "from-elsewhere"};
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, {method, headers, body: body && JSON.stringify(body)});
  return {status: answer.status, body: await answer.json(), headers: Object.fromEntries(answer.headers)};
}"""


def test_a_page_of_an_allowed_origin_calls_the_api_and_sees_the_exposed_headers(browser, server, elsewhere, eve):
    def call(path, method="GET", body=None, token=eve.token):
        url = f"http://127.0.0.1:{server.port}{path}"
        return there.page.evaluate(CALL, [url, token, method, body])

    with opened(browser, f"http://localhost:{elsewhere}/") as there:
        assert call("/api/auth/me/")["body"]["username"] == "eve"
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
        # The page can read refusals, too: it must know when to log in again.
        assert call("/api/auth/me/", token="none")["body"]["code"] == "token_invalid"
        assert call("/api/chat/rooms/4040404/")["status"] == 404


def test_a_page_of_another_origin_is_refused(browser, server, elsewhere, eve):
    with opened(browser, f"http://127.0.0.1:{elsewhere}/") as there:
        outcome = there.page.evaluate(
            f"async asked => {{ try {{ await ({CALL})(asked) }} catch (error) {{ return error.name }} }}",
            [f"http://127.0.0.1:{server.port}/api/auth/me/", eve.token, "GET", None],
        )
        assert outcome == "TypeError"
        assert any("CORS policy" in complaint for complaint in there.complaints)
        public = there.page.evaluate(
            "async url => { try { await fetch(url); return 'read' } catch (error) { return error.name } }",
            f"http://127.0.0.1:{server.port}/healthz",
        )
        assert public == "TypeError"


def test_a_page_of_any_origin_fetches_a_picture_that_it_has_shown(browser, server, elsewhere, eve):
    """The browser's cache holds the answer to the image, which sent no `Origin`, for a year."""
    with opened(browser, f"http://127.0.0.1:{elsewhere}/") as there:
        read = there.page.evaluate(
            """async url => {
              const image = new Image();
              image.src = url;
              await image.decode();
              const headers = {"Authorization": "Bearer of-all-requests"};
              return [await fetch(url), await fetch(url, {headers})].map(answer => answer.status);
            }""",
            f"http://127.0.0.1:{server.port}/avatars/{eve.id}-E.svg",
        )
        assert read == [200, 200]
        assert there.all_complaints() == []
