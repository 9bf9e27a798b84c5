"""The administration: sign-in, its cookie, and the actions of its pages."""

import re
import time
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.client import PASSWORD, Chat, Person
from api.conftest import SECRET, MakeChat, on_one_database
from minichat.domain.throttling import FREE_FAILURES
from minichat.wiring import derived_key

BASE = "https://localhost"


class Browser:
    """Keeps cookies and fills in forms, as a browser does."""

    def __init__(self, chat: Chat, base: str = "http://localhost") -> None:
        self.chat = chat
        self._base = base
        self._client: FlaskClient = chat.app.test_client()

    def gets(self, path: str) -> TestResponse:
        return self._client.get(path, base_url=self._base)

    def submits(self, path: str, page: str = "/admin/sign-in/", **fields: str) -> TestResponse:
        """Submit a form of a page, with the hidden token that the page holds."""
        return self.posts(path, csrf_token=self.form_token(page), **fields)

    def form_token(self, page: str = "/admin/sign-in/") -> str:
        """The hidden token that the page holds."""
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.gets(page).get_data(as_text=True))
        assert found
        return found[1]

    def posts(self, path: str, **fields: str) -> TestResponse:
        return self._client.post(path, base_url=self._base, data=fields)

    def signs_in(self, username: str = "root", password: str = PASSWORD) -> TestResponse:
        return self.submits("/admin/sign-in/", username=username, password=password)

    @property
    def is_in(self) -> bool:
        return self.gets("/admin/people/").status_code == 200

    @property
    def cookie(self) -> str:
        cookie = self._client.get_cookie("minichat_admin", path="/admin", domain="localhost")
        return cookie.value if cookie else ""

    def takes(self, cookie: str) -> None:
        self._client.set_cookie("minichat_admin", cookie, path="/admin", domain="localhost")


@pytest.fixture
def root(chat: Chat) -> None:
    chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)


@pytest.fixture
def browser(chat: Chat, root: None) -> Browser:
    return Browser(chat)


@pytest.fixture
def admin(browser: Browser) -> Browser:
    assert browser.signs_in().status_code == 302
    return browser


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)


@on_one_database
class TestSignIn:
    def test_a_superuser_signs_in_and_out(self, browser: Browser) -> None:
        assert not browser.is_in
        assert browser.signs_in().headers["Location"] == "/admin/people/"
        assert browser.is_in
        assert browser.submits("/admin/sign-out/", "/admin/people/").status_code == 302
        assert not browser.is_in

    @pytest.mark.parametrize("path", ["/admin/", "/admin/people/", "/admin/rooms/", "/admin/record/"])
    def test_a_page_redirects_other_visitors_to_the_sign_in(self, browser: Browser, path: str) -> None:
        assert browser.gets(path).headers["Location"] == "/admin/sign-in/"

    @pytest.mark.parametrize("path", ["/admin/people/act/", "/admin/rooms/act/", "/admin/sign-out/"])
    def test_no_page_acts_without_a_signed_in_superuser(self, chat: Chat, browser: Browser, path: str) -> None:
        chat.person("ann")
        before = chat.dump(without=())
        assert browser.posts(path, id="ann", action="Disable").headers["Location"] == "/admin/sign-in/"
        assert chat.dump(without=()) == before

    @pytest.mark.parametrize("path", ["/admin", "/admin/"])
    def test_a_signed_in_superuser_is_sent_to_the_pages(self, admin: Browser, path: str) -> None:
        assert admin.gets(path).headers["Location"] == "/admin/people/"

    def test_a_form_larger_than_16_kib_is_refused(self, browser: Browser) -> None:
        assert browser.posts("/admin/sign-in/", username="x" * 16 * 1024).status_code == 413
        assert browser.submits("/admin/sign-in/", username="root", password="я" * 1024).status_code == 401

    def test_an_ordinary_user_gets_the_answer_to_a_wrong_password(self, chat: Chat, browser: Browser) -> None:
        chat.person("ann")
        pages = [browser.signs_in("ann"), browser.signs_in("ann", "wrong password"), browser.signs_in("nobody")]
        assert [page.status_code for page in pages] == [401] * 3
        shown = [re.sub(r'value="[^"]*"', "", text(page)) for page in pages]
        assert shown[0] == shown[1] == shown[2]
        assert not browser.is_in

    def test_a_bearer_token_does_not_open_the_pages(self, chat: Chat, root: None) -> None:
        body = {"username": "root", "password": PASSWORD}
        token = chat.app.test_client().post("/api/auth/login/", json=body).json["tokens"]["access"]  # type: ignore[index]
        answer = chat.app.test_client().get("/admin/people/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 302

    def test_the_cookie_is_for_the_pages_alone(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.com")
        chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
        attributes = Browser(chat, "https://localhost").signs_in().headers["Set-Cookie"].split("; ")[1:]
        assert set(attributes) == {"Secure", "HttpOnly", "Path=/admin", "SameSite=Strict"}

    def test_signing_in_makes_a_new_session(self, chat: Chat, browser: Browser) -> None:
        browser.gets("/admin/sign-in/")
        planted = browser.cookie
        browser.signs_in()
        first = browser.cookie
        browser.signs_in()
        assert len({planted, first, browser.cookie}) == 3
        thief = Browser(chat)
        thief.takes(planted)
        assert not thief.is_in

    def test_signing_out_ends_a_copied_cookie_too(self, chat: Chat, admin: Browser) -> None:
        thief = Browser(chat)
        thief.takes(admin.cookie)
        assert thief.is_in
        admin.submits("/admin/sign-out/", "/admin/people/")
        assert not thief.is_in

    def test_a_forged_cookie_opens_nothing(self, chat: Chat, admin: Browser) -> None:
        thief = Browser(chat)
        for forged in (admin.cookie[:-2], f"{admin.cookie[1:]}", "x", "eyJzZXNzaW9uIjoxfQ.aaaaaa.bbbb"):
            thief.takes(forged)
            assert not thief.is_in

    def test_a_cookie_signed_by_another_secret_opens_nothing(self, make_chat: MakeChat) -> None:
        browsers = []
        for secret in (SECRET, "another Secret 4 the instance: 9f8e7d6c"):
            chat = make_chat(MINICHAT_SECRET_KEY=secret)
            chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
            browsers.append(Browser(chat))
            browsers[-1].signs_in()
            assert browsers[-1].is_in
        thief = Browser(browsers[1].chat)
        thief.takes(browsers[0].cookie)
        assert not thief.is_in
        thief.takes(browsers[1].cookie)
        assert thief.is_in

    def test_the_key_of_the_cookie_is_not_that_of_the_tokens(self, chat: Chat) -> None:
        keys = {derived_key(SECRET, "tokens").hex(), derived_key(SECRET, "tokens"), SECRET, SECRET.encode()}
        assert chat.app.secret_key not in keys

    def test_a_sign_in_lasts_for_twelve_hours(self, chat: Chat, admin: Browser) -> None:
        chat.clock.advance(12 * 3_600 - 1)
        assert admin.is_in
        chat.clock.advance(1)
        assert not admin.is_in

    @pytest.mark.parametrize("ahead", [-7_200, 7_200])
    def test_a_cookie_works_after_the_clock_of_the_host_was_set(
        self, browser: Browser, monkeypatch: pytest.MonkeyPatch, ahead: int
    ) -> None:
        now = time.time()
        with monkeypatch.context() as patched:
            patched.setattr("itsdangerous.timed.time", SimpleNamespace(time=lambda: now + ahead))
            browser.signs_in()
        assert browser.is_in

    def test_a_sign_in_under_a_fast_clock_lasts_no_longer(self, chat: Chat, admin: Browser) -> None:
        chat.clock.advance(-12 * 3_600 + 1)
        assert admin.is_in
        chat.clock.advance(-1)
        assert not admin.is_in

    @pytest.mark.parametrize("change", ["is_active = FALSE", "is_superuser = FALSE"])
    def test_a_disabled_or_demoted_superuser_is_out_at_once(self, chat: Chat, admin: Browser, change: str) -> None:
        chat.sql(f'UPDATE "user" SET {change}')
        assert not admin.is_in

    def test_guessing_is_throttled_as_at_the_log_in(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_RATE_LIMITS="on")
        chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
        browser = Browser(chat)
        for _ in range(FREE_FAILURES):
            assert browser.signs_in(password="wrong password").status_code == 401
        refused = browser.signs_in()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert chat.anyone.posts("/api/auth/login/", username="root", password=PASSWORD).status == 429

    def test_a_form_without_its_token_does_nothing(self, chat: Chat, browser: Browser) -> None:
        assert browser.posts("/admin/sign-in/", username="root", password=PASSWORD).status_code == 400
        assert not browser.is_in

    def test_signing_out_needs_the_token_of_its_form(self, admin: Browser) -> None:
        for token in ("", "x"):
            admin.posts("/admin/sign-out/", csrf_token=token)
            assert admin.is_in

    def test_no_page_runs_inline_script_or_asks_another_host(self, admin: Browser) -> None:
        for path in ("/admin/sign-in/", "/admin/people/", "/admin/rooms/", "/admin/record/"):
            page = admin.gets(path)
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert "unsafe" not in page.headers["Content-Security-Policy"]
            assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", text(page))
            links = re.findall(r'(?:src|href|action)="([^"]*)"', text(page))
            assert all(re.match("/admin(/|$)|/api/assets/", link) for link in links), links


class TestPages:
    def test_people_are_listed_and_searched(self, chat: Chat, admin: Browser) -> None:
        chat.person("ann", first_name="Anna", last_name="Lee")
        chat.person("bob")
        page = text(admin.gets("/admin/people/"))
        assert "Anna Lee" in page
        assert "bob" in page
        assert "private.example" not in page
        found = text(admin.gets("/admin/people/?q=LEE"))
        assert "Anna Lee" in found
        assert "bob" not in found

    def test_a_long_list_has_further_pages(self, chat: Chat, admin: Browser) -> None:
        for number in range(51):
            chat.person(f"user{number:02}")
        first = text(admin.gets("/admin/people/"))
        [onward] = re.findall(r'href="(/admin/people/\?cursor=[^"]+)"', first)
        second = text(admin.gets(onward))
        assert "user48" in first
        assert "user49" not in first
        assert "user50" in second
        assert "Next" not in second

    @pytest.mark.parametrize("query", ["?cursor=x", "?q=%00", f"?q={'x' * 500}"])
    @pytest.mark.parametrize("page", ["people", "rooms", "record"])
    def test_an_odd_query_finds_nothing_and_breaks_nothing(self, admin: Browser, page: str, query: str) -> None:
        assert admin.gets(f"/admin/{page}/{query}").status_code == 200

    def test_markup_in_names_is_text(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann", first_name="<script>alert(1)</script>")
        ann.makes_room("<b>Tea</b>")
        for page in ("people", "rooms"):
            shown = text(admin.gets(f"/admin/{page}/"))
            assert "<script>alert" not in shown
            assert "<b>Tea" not in shown

    def test_a_user_is_disabled_at_once_and_enabled_again(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann")
        page = "/admin/people/"
        admin.submits(f"{page}act/", page, id="ann", action="Disable")
        assert "ann is disabled" in text(admin.gets(page))
        assert ann.gets("/api/auth/me/").code == "session_ended"
        admin.submits(f"{page}act/", page, id="ann", action="Enable")
        assert ann.logs_in().is_logged_in

    def test_a_user_is_logged_out_everywhere(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann")
        admin.submits("/admin/people/act/", "/admin/people/", id="ann", action="Log out")
        assert not ann.is_logged_in
        assert ann.logs_in().is_logged_in

    def test_a_room_is_deleted_and_a_direct_chat_is_not_even_listed(self, chat: Chat, admin: Browser) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room("Bad room", private=True)
        direct = ann.chats_with(bob)
        page = "/admin/rooms/"
        assert "Bad room" in text(admin.gets(page))
        for room_id in (room["id"], direct["id"], "99", "x"):
            admin.submits(f"{page}act/", page, id=str(room_id), action="Delete")
        assert "Bad room" not in re.sub("The room Bad room is deleted", "", text(admin.gets(page)))
        assert ann.gets(f"/api/chat/rooms/{room['id']}/").status == 404
        assert ann.gets(f"/api/chat/rooms/{direct['id']}/").status == 200

    @pytest.mark.parametrize("room_id", ["99", "x", "", "0", "-1", "²", str(2**53), str(2**63), "9" * 30, "9" * 5_000])
    def test_deleting_an_impossible_room_reports_that_it_no_longer_exists(self, admin: Browser, room_id: str) -> None:
        answer = admin.submits("/admin/rooms/act/", "/admin/rooms/", id=room_id, action="Delete")
        assert answer.headers["Location"] == "/admin/rooms/"
        assert "This item no longer exists." in text(admin.gets("/admin/rooms/"))

    @pytest.mark.parametrize(
        "fields", [{}, {"id": "ann"}, {"action": "Disable"}, {"id": "nobody", "action": "Disable"}]
    )
    def test_a_button_without_a_known_action_or_user_does_nothing(
        self, chat: Chat, admin: Browser, fields: dict[str, str]
    ) -> None:
        ann = chat.person("ann")
        assert admin.submits("/admin/people/act/", "/admin/people/", **fields).status_code == 302
        assert ann.is_logged_in

    def test_a_button_pressed_by_another_site_does_nothing(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann")
        for token in ("", "x", "20991231235959##0123456789abcdef"):
            admin.posts("/admin/people/act/", id="ann", action="Disable", csrf_token=token)
        assert ann.is_logged_in

    def test_a_button_is_not_pressed_by_a_link(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann")
        ann.makes_room("Tea")
        before = chat.dump()
        token = admin.form_token("/admin/people/")
        for path in (
            "people/act/?id=ann&action=Disable",
            "people/act/?id=ann&action=Log+out",
            "rooms/act/?id=1&action=Delete",
        ):
            for query in (path, f"{path}&csrf_token={token}"):
                assert admin.gets(f"/admin/{query}").status_code == 405
        assert chat.dump() == before
        assert ann.is_logged_in

    def test_a_token_from_before_signing_in_presses_no_button(self, chat: Chat, browser: Browser) -> None:
        ann = chat.person("ann")
        planted = browser.form_token()
        browser.posts("/admin/sign-in/", csrf_token=planted, username="root", password=PASSWORD)
        assert browser.is_in
        browser.posts("/admin/people/act/", csrf_token=planted, id="ann", action="Disable")
        assert ann.is_logged_in

    def test_every_act_is_in_the_audit_log_with_its_actor(self, chat: Chat, admin: Browser) -> None:
        ann: Person = chat.person("ann")
        ann.makes_room("Tea")
        admin.submits("/admin/people/act/", "/admin/people/", id="ann", action="Disable")
        admin.submits("/admin/rooms/act/", "/admin/rooms/", id="1", action="Delete")
        rows = re.findall(r"<tr>(.*?)</tr>", text(admin.gets("/admin/record/")), re.DOTALL)
        cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]
        newest = [row[1:4] for row in cells if len(row) > 4][:2]
        assert newest == [["room.deleted", "", "root"], ["account.disabled", "ann", "root"]]
