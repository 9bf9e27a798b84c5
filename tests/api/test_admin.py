"""The administration: sign-in, its cookie, and the actions of its pages."""

import re
import time
from html import unescape
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from api.administrators import Browser, text
from api.client import PASSWORD, Chat
from api.conftest import SECRET, MakeChat, on_one_database
from minichat.domain.errors import Unavailable
from minichat.domain.throttling import FREE_FAILURES
from minichat.wiring import derived_key

BASE = "https://localhost"


@pytest.fixture
def browser(chat: Chat, root: None) -> Browser:
    return Browser(chat)


def addresses(chat: Chat, method: str) -> list[str]:
    """Return the address of each page, with the id 1 in it."""
    rules = [rule for rule in chat.app.url_map.iter_rules() if rule.rule.startswith("/admin/")]
    return [re.sub(r"<[^>]+>", "1", rule.rule) for rule in rules if method in (rule.methods or ())]


@on_one_database
class TestSignIn:
    def test_a_superuser_signs_in_and_out(self, browser: Browser) -> None:
        assert not browser.is_in
        assert browser.signs_in().headers["Location"] == "/admin/people/"
        assert browser.is_in
        assert browser.submits("/admin/sign-out/", "/admin/people/").status_code == 302
        assert not browser.is_in

    @pytest.mark.parametrize("path", ["/admin/", "/admin/people/", "/admin/rooms/", "/admin/audit/"])
    def test_a_page_redirects_other_visitors_to_the_sign_in(self, browser: Browser, path: str) -> None:
        assert browser.gets(path).headers["Location"].partition("?")[0] == "/admin/sign-in/"

    def test_the_sign_in_leads_to_the_page_that_was_wanted(self, browser: Browser) -> None:
        to_sign_in = browser.gets("/admin/rooms/?cursor=x").headers["Location"]
        entered = browser.submits(to_sign_in, to_sign_in, username="root", password=PASSWORD)
        assert entered.headers["Location"] == "/admin/rooms/?cursor=x"

    def test_no_page_acts_without_a_signed_in_superuser(self, chat: Chat, browser: Browser) -> None:
        chat.person("ann").makes_room("Tea")
        before = chat.dump(without=())
        for rule in addresses(chat, "POST"):
            if rule != "/admin/sign-in/":
                assert browser.posts(rule).status_code in {302, 303}, rule
                assert browser.submits(rule).status_code in {302, 303}, rule
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
        for path in addresses(admin.chat, "GET"):
            page = admin.gets(path)
            if page.mimetype != "text/html":
                continue
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert "unsafe" not in page.headers["Content-Security-Policy"]
            assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", text(page))
            links = re.findall(r'(?:src|href|action)="([^"]*)"', text(page))
            assert all(re.match("/admin/|#content$", link) for link in links), links


@on_one_database
class TestFoundation:
    """What all pages share. Each address is checked, so a new page is checked as well."""

    def test_no_page_changes_anything_when_it_is_opened(self, chat: Chat, admin: Browser) -> None:
        chat.person("ann").makes_room("Tea")
        before = chat.dump()
        token = admin.form_token("/admin/people/")
        for path in addresses(chat, "GET"):
            for query in ("", f"?csrf_token={token}", "?cursor=x", "?q=%00", f"?q={'x' * 500}"):
                assert admin.gets(path + query).status_code < 500, path + query
        assert chat.dump() == before

    @pytest.mark.parametrize("token", ["", "x", "20991231235959##0123456789abcdef", "planted"])
    def test_a_form_of_another_site_does_nothing(self, chat: Chat, browser: Browser, token: str) -> None:
        planted = browser.form_token()
        browser.posts("/admin/sign-in/", csrf_token=planted, username="root", password=PASSWORD)
        assert browser.is_in
        chat.person("ann").makes_room("Tea")
        before = chat.dump()
        for path in addresses(chat, "POST"):
            if path != "/admin/sign-in/":
                browser.posts(path, csrf_token=planted if token == "planted" else token)
        assert chat.dump() == before
        assert browser.is_in

    def test_an_old_page_is_refused_with_a_sentence_and_keeps_its_input(self, chat: Chat, admin: Browser) -> None:
        chat.person("ann")
        answer = admin.posts("/admin/people/2/disable/", csrf_token="old")
        assert answer.status_code == 400
        assert "This page is too old" in text(answer)

    @pytest.mark.parametrize("size", [16 * 1024])
    def test_a_huge_form_is_refused(self, admin: Browser, size: int) -> None:
        assert admin.posts("/admin/people/1/disable/", reason="x" * size).status_code == 413

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example/admin/",
            "/\\evil.example",
            "/admin/../api/",
            "/admin/./x",
            "/admin/%2e%2E/api/",
            "/administrator/",
            "javascript:alert(1)",
            "/admin/people/\r\nX: y",
            "/admin/" + "x" * 5_000,
            "",
        ],
    )
    def test_an_action_returns_to_pages_of_the_administration_alone(
        self, chat: Chat, admin: Browser, elsewhere: str
    ) -> None:
        chat.person("ann")
        path = f"/admin/people/2/enable/?back={quote(elsewhere)}"
        assert admin.acts(path).headers["Location"] == "/admin/people/2/"
        assert "evil" not in re.sub(r'action="[^"]*"', "", admin.sees(path))

    def test_a_long_way_through_the_pages_makes_no_address_too_long(self, chat: Chat, admin: Browser) -> None:
        chat.person("ann").makes_room("Чай" * 20)
        person = "/admin/people/2/?back=/admin/people/%3Fq%3D" + quote(quote("щ" * 90))
        for _ in range(12):
            [*_, room] = links(admin, person, r"^/admin/rooms/1/\?")
            [*_, person] = links(admin, room, r"^/admin/people/2/\?")
            assert max(map(len, links(admin, person, "back="))) < 4_000
            assert admin.gets(person).status_code == 200

    def test_a_list_stays_at_its_page_through_an_action(self, chat: Chat, admin: Browser) -> None:
        for number in range(51):
            chat.person(f"user{number:02}")
        [onward] = set(links(admin, "/admin/people/", r"cursor="))
        [person] = set(links(admin, onward, r"/people/51/\?"))
        [disable] = links(admin, person, "/disable/")
        to_person = admin.acts(disable).headers["Location"]
        assert to_person == person
        assert "user49 is disabled" in admin.sees(to_person)
        assert onward in links(admin, to_person, "cursor=")
        [back] = set(links(admin, onward, "cursor="))
        assert "user00" in admin.sees(back)

    def test_the_language_is_that_of_the_browser_until_another_is_chosen(self, chat: Chat, admin: Browser) -> None:
        assert '<html lang="en">' in admin.sees("/admin/people/")
        answer = admin.submits("/admin/language/?back=/admin/rooms/", "/admin/rooms/", language="ru")
        assert answer.headers["Location"] == "/admin/rooms/"
        page = admin.sees("/admin/people/")
        assert '<html lang="ru">' in page
        assert "Люди" in page
        admin.submits("/admin/language/", "/admin/rooms/", language="xx")
        assert '<html lang="ru">' in admin.sees("/admin/people/")

    def test_a_file_of_another_version_is_not_found(self, admin: Browser) -> None:
        [address] = set(re.findall(r'href="([^"]+admin\.css)"', admin.sees("/admin/people/")))
        found = admin.gets(address)
        assert (found.status_code, found.mimetype) == (200, "text/css")
        assert "immutable" in found.headers["Cache-Control"]
        assert admin.gets(re.sub("/[0-9a-f]{16}/", "/0123456789abcdef/", address)).status_code == 404

    def test_markup_in_names_is_text(self, chat: Chat, admin: Browser) -> None:
        ann = chat.person("ann", first_name="<script>alert(1)</script>")
        ann.makes_room("<b>Tea</b>")
        for page in ("people", "rooms"):
            shown = admin.sees(f"/admin/{page}/")
            assert "<script>alert" not in shown
            assert "<b>Tea" not in shown

    def test_a_page_without_the_database_is_a_page_with_503(
        self, chat: Chat, admin: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object, **__: object) -> None:
            raise Unavailable("disk I/O error in /secret/path")

        monkeypatch.setattr(chat.database, "execute_sql", away)
        answer = admin.gets("/admin/people/")
        assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "1")
        assert "secret" not in text(answer)

    @pytest.mark.parametrize(
        ("accepted", "sentence"), [("en", "Something went wrong on our side"), ("ru", "Что-то пошло не так")]
    )
    def test_a_fault_of_the_server_is_a_page_with_500_and_a_line_in_the_log(
        self,
        chat: Chat,
        admin: Browser,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        accepted: str,
        sentence: str,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("in /secret/path")

        chat.app.config["PROPAGATE_EXCEPTIONS"] = False
        monkeypatch.setattr(chat.database, "execute_sql", fail)
        answer = admin.gets("/admin/people/", {"Accept-Language": accepted})
        assert (answer.status_code, answer.mimetype) == (500, "text/html")
        assert sentence in text(answer)
        assert "secret" not in text(answer)
        assert [record.getMessage() for record in caplog.records] == ["a request failed"]

    @pytest.mark.parametrize("path", ["/admin/people/99/", "/admin/people/x/", "/admin/people/0/disable/"])
    def test_a_page_about_nothing_is_a_page(self, admin: Browser, path: str) -> None:
        answer = admin.gets(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")

    @pytest.mark.parametrize(
        "path",
        [
            "/admin/nowhere",
            "/admin/people/1/nowhere/",
            "/admin/sign-out/",
            "/admin//nowhere",
            "/admin/%0Anowhere",
            "/admin/people/1/%0D%0A",
        ],
    )
    def test_an_address_without_a_page_is_a_page(self, chat: Chat, admin: Browser, path: str) -> None:
        answer = admin.gets(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert "There is nothing at this address" in text(answer)
        assert "/admin/people/" in links(admin, path, "people")
        posted = admin.posts(path.replace("sign-out", "nowhere"))
        assert (posted.status_code, posted.mimetype) == (404, "text/html")
        assert Browser(chat).gets(path).headers["Location"].partition("?")[0] == "/admin/sign-in/"

    def test_a_form_that_is_too_large_is_answered_with_a_page(self, admin: Browser) -> None:
        answer = admin.posts("/admin/people/1/disable/", reason="x" * 16 * 1024)
        assert (answer.status_code, answer.mimetype) == (413, "text/html")


def test_the_last_superuser_cannot_erase_the_own_account(chat: Chat, root: None) -> None:
    token = chat.anyone.posts("/api/auth/login/", username="root", password=PASSWORD).body["tokens"]["access"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = chat.anyone.sends("DELETE", "/api/auth/me/", headers=headers, json={"password": PASSWORD})
    assert (answer.status, answer.code) == (409, "last_superuser")


def links(browser: Browser, page: str, pattern: str) -> list[str]:
    """Return the addresses on a page that match the pattern."""
    found = [unescape(link) for link in re.findall(r'href="([^"]+)"', browser.sees(page))]
    return [link for link in found if re.search(pattern, link)]
