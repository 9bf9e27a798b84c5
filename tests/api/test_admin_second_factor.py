"""The second factor in the administration: its pages, the sign-in with a code, and what is reachable before it."""

import re

import pyotp
import pytest
from flask.sessions import SecureCookieSessionInterface
from werkzeug.test import TestResponse

from api.administrators import Browser, text
from api.client import PASSWORD, Chat
from api.conftest import MakeChat, on_one_database
from minichat.domain.second_factor_codes import RECOVERY_CODES
from minichat.domain.throttling import FREE_FAILURES

HOME = "/admin/second-factor/"
CODE = "/admin/sign-in/code/"


class App:
    """An authenticator app that has scanned the QR code."""

    def __init__(self, chat: Chat, secret: str) -> None:
        self._chat = chat
        self._totp = pyotp.TOTP(secret)

    @property
    def shows(self) -> str:
        return self._totp.at(self._chat.clock() // 1000)

    @property
    def next_code(self) -> str:
        """The code that the app shows next, 30 seconds later."""
        self._chat.clock.advance(30)
        return self.shows


def begins(admin: Browser) -> App:
    """Begin a set-up; return the app that has its key."""
    begun = admin.acts(f"{HOME}set-up/", password=PASSWORD)
    assert begun.headers["Location"] == f"{HOME}confirm/"
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', admin.sees(f"{HOME}confirm/"))
    assert secret
    return App(admin.chat, secret[1].replace(" ", ""))


def sets_up(admin: Browser) -> tuple[App, list[str]]:
    """Set the factor up; return the app and the recovery codes."""
    app = begins(admin)
    shown = admin.acts(f"{HOME}confirm/", code=app.shows)
    assert shown.status_code == 200
    return app, recovery_codes(shown)


def recovery_codes(page: TestResponse) -> list[str]:
    return re.findall(r"<li>([0-9a-z-]{19})</li>", text(page))


@pytest.fixture
def app(admin: Browser) -> App:
    return sets_up(admin)[0]


@on_one_database
class TestSetUp:
    def test_the_page_shows_the_key_as_a_qr_code_and_as_text(self, admin: Browser) -> None:
        assert "off" not in admin.sees(HOME)
        begins(admin)
        page = admin.gets(f"{HOME}confirm/")
        assert 'src="data:image/svg+xml' in text(page)
        assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"

    def test_recovery_codes_are_shown_once(self, admin: Browser) -> None:
        _, codes = sets_up(admin)
        assert len(set(codes)) == RECOVERY_CODES
        assert codes[0] not in admin.sees(HOME)
        again = admin.submits(f"{HOME}confirm/", HOME, code="123456")
        assert again.status_code == 303
        assert codes[0] not in text(again)

    def test_a_wrong_password_or_code_is_shown_at_its_field(self, admin: Browser) -> None:
        refused = admin.acts(f"{HOME}set-up/", password="wrong password")
        assert (refused.status_code, 'id="field-password-problem"' in text(refused)) == (400, True)
        begins(admin)
        refused = admin.acts(f"{HOME}confirm/", code="000000")
        assert (refused.status_code, 'id="field-code-problem"' in text(refused)) == (400, True)
        assert not recovery_codes(refused)

    @pytest.mark.parametrize("action", ["set-up", "confirm", "recovery-codes", "turn-off"])
    def test_opening_a_page_or_forging_its_form_changes_nothing(self, admin: Browser, action: str) -> None:
        app = begins(admin) if action in {"set-up", "confirm"} else sets_up(admin)[0]
        code, before = app.next_code, admin.chat.dump(without=())
        admin.gets(f"{HOME}{action}/")
        admin.posts(f"{HOME}{action}/", password=PASSWORD, code=code)
        admin.posts(f"{HOME}{action}/", password=PASSWORD, code=code, csrf_token="x")
        assert admin.chat.dump(without=()) == before

    def test_turning_the_factor_off_opens_the_administration_by_the_password_alone(
        self, admin: Browser, app: App
    ) -> None:
        refused = admin.acts(f"{HOME}turn-off/", password=PASSWORD, code="000000")
        assert refused.status_code == 400
        assert admin.acts(f"{HOME}turn-off/", password=PASSWORD, code=app.next_code).status_code == 303
        later = Browser(admin.chat)
        later.signs_in()
        assert later.is_in

    def test_the_page_of_a_superuser_shows_whether_their_second_factor_is_on(self, admin: Browser) -> None:
        [root] = admin.chat.sql('SELECT id FROM "user"').fetchone()
        page = f"/admin/people/{root}/"
        assert '<span class="tag is-warning">off</span>' in admin.sees(page)
        sets_up(admin)
        assert '<span class="tag is-good">on</span>' in admin.sees(page)

    def test_new_recovery_codes_replace_the_earlier_ones(self, admin: Browser) -> None:
        app, before = sets_up(admin)
        codes = recovery_codes(admin.acts(f"{HOME}recovery-codes/", password=PASSWORD, code=app.next_code))
        assert len(codes) == RECOVERY_CODES
        assert not set(codes) & set(before)


@on_one_database
class TestSignIn:
    def test_the_session_opens_after_the_code(self, chat: Chat, app: App) -> None:
        browser = Browser(chat)
        half = browser.signs_in()
        assert half.headers["Location"] == CODE
        for path in ("/admin/", "/admin/people/", HOME, "/admin/audit/"):
            assert browser.gets(path).headers["Location"].startswith("/admin/sign-in/"), path
        assert browser.acts(CODE, code=app.next_code).headers["Location"] == "/admin/people/"
        assert browser.is_in

    def test_the_wanted_page_opens_after_the_code(self, chat: Chat, app: App) -> None:
        browser = Browser(chat)
        page = browser.gets("/admin/rooms/?q=tea").headers["Location"]
        half = browser.submits(page, page, username="root", password=PASSWORD)
        opened = browser.acts(half.headers["Location"], code=app.next_code)
        assert opened.headers["Location"] == "/admin/rooms/?q=tea"

    def test_a_code_works_once(self, chat: Chat, app: App) -> None:
        code = app.next_code
        first, second = Browser(chat), Browser(chat)
        for browser in (first, second):
            browser.signs_in()
        first.acts(CODE, code=code)
        refused = second.acts(CODE, code=code)
        assert (refused.status_code, "used before" in text(refused)) == (401, True)
        assert (first.is_in, second.is_in) == (True, False)

    def test_a_recovery_code_opens_the_administration(self, chat: Chat, admin: Browser) -> None:
        _, codes = sets_up(admin)
        browser = Browser(chat)
        browser.signs_in()
        assert "Recovery code" in browser.sees(f"{CODE}?recovery=1")
        browser.acts(f"{CODE}?recovery=1", code=codes[4])
        assert browser.is_in

    def test_a_half_sign_in_ends_after_five_minutes_with_a_sentence(self, chat: Chat, app: App) -> None:
        browser = Browser(chat)
        browser.signs_in()
        token = browser.form_token(CODE)
        chat.clock.advance(300)
        late = browser.posts(CODE, csrf_token=token, code=app.shows)
        assert late.headers["Location"] == "/admin/sign-in/"
        assert "took too long" in browser.sees("/admin/sign-in/")

    def test_without_a_password_there_is_no_form_for_the_code(self, chat: Chat, app: App) -> None:
        browser = Browser(chat)
        assert browser.gets(CODE).headers["Location"] == "/admin/"
        assert browser.posts(CODE, code=app.next_code).headers["Location"] == "/admin/"

    def test_a_forged_form_of_the_code_does_nothing(self, chat: Chat, app: App) -> None:
        browser = Browser(chat)
        browser.signs_in()
        assert browser.posts(CODE, code=app.next_code).status_code == 400
        assert not browser.is_in

    def test_the_cookie_between_the_steps_opens_nothing(self, chat: Chat, app: App) -> None:
        browser, thief = Browser(chat), Browser(chat)
        browser.signs_in()
        thief.takes(browser.cookie)
        assert not thief.is_in

    def test_the_set_up_ends_earlier_sessions(self, chat: Chat, admin: Browser) -> None:
        before = Browser(chat)
        before.signs_in()
        assert before.is_in
        sets_up(admin)
        assert (before.is_in, admin.is_in) == (False, True)

    def test_the_log_in_of_the_api_asks_for_no_code(self, chat: Chat, app: App) -> None:
        assert chat.anyone.posts("/api/auth/login/", username="root", password=PASSWORD).status == 200

    def test_a_session_of_the_api_in_a_signed_cookie_stays_outside(self, chat: Chat, app: App) -> None:
        services = chat.app.extensions["minichat"].services
        user, grant = services.sessions.log_in("root", PASSWORD)
        content = {"session": grant.session.id, "user": user.id, "since": chat.clock()}
        assert isinstance(chat.app.session_interface, SecureCookieSessionInterface)
        signer = chat.app.session_interface.get_signing_serializer(chat.app)
        assert signer
        thief = Browser(chat)
        thief.takes(str(signer.dumps(content)))
        assert not thief.is_in


@on_one_database
class TestRequired:
    @pytest.fixture
    def admin(self, make_chat: MakeChat) -> Browser:
        chat = make_chat(MINICHAT_ADMIN_TOTP="required")
        chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
        browser = Browser(chat)
        browser.signs_in()
        return browser

    def test_only_the_set_up_is_open_before_the_first_code(self, admin: Browser) -> None:
        for path in ("/admin/people/", "/admin/rooms/", "/admin/audit/"):
            assert admin.gets(path).headers["Location"] == HOME
        assert admin.gets("/admin/").headers["Location"] == "/admin/people/"
        page = admin.sees(HOME)
        assert "requires a second factor" in page
        assert "/admin/people/" not in page
        sets_up(admin)
        assert admin.is_in

    def test_nothing_else_acts_before_the_first_code(self, admin: Browser) -> None:
        ann = admin.chat.person("ann")
        refused = admin.submits(f"/admin/people/{ann.id}/disable/", HOME)
        assert refused.headers["Location"] == HOME
        assert ann.gets("/api/auth/me/").status == 200

    def test_an_administrator_can_sign_out_before_the_first_code(self, admin: Browser) -> None:
        admin.submits("/admin/sign-out/", HOME)
        assert admin.gets(HOME).headers["Location"].startswith("/admin/sign-in/")


@on_one_database
def test_wrong_codes_are_throttled_with_the_time_to_wait(make_chat: MakeChat) -> None:
    chat = make_chat(MINICHAT_RATE_LIMITS="on")
    chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
    admin = Browser(chat)
    admin.signs_in()
    sets_up(admin)
    browser = Browser(chat)
    browser.signs_in()
    for _ in range(FREE_FAILURES):
        assert browser.acts(CODE, code="000000").status_code == 401
    refused = browser.acts(CODE, code="000000")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


@on_one_database
class TestPlainHttp:
    """`MINICHAT_PUBLIC_URL` is https, and a browser comes by plain HTTP: it returns no `Secure` cookie."""

    @pytest.fixture
    def chat(self, make_chat: MakeChat) -> Chat:
        chat = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.com")
        chat.app.extensions["minichat"].services.registration.create_superuser("root", PASSWORD)
        return chat

    def test_the_sign_in_names_the_address_to_open(self, chat: Chat) -> None:
        token = Browser(chat).form_token()
        without_cookie = Browser(chat)
        sent = without_cookie.posts("/admin/sign-in/", csrf_token=token, username="root", password=PASSWORD)
        assert sent.status_code == 400
        for page in (Browser(chat).gets("/admin/sign-in/"), sent):
            assert 'href="https://chat.example.com/admin/sign-in/"' in text(page)
            assert "too old" not in text(page)

    def test_the_sign_in_works_by_https(self, chat: Chat) -> None:
        browser = Browser(chat, "https://localhost")
        assert "plain HTTP" not in browser.sees("/admin/sign-in/")
        browser.signs_in()
        assert browser.is_in

    def test_a_proxy_that_names_its_scheme_is_believed_for_this_sentence_alone(self, chat: Chat) -> None:
        client = chat.app.test_client()
        page = client.get("/admin/sign-in/", headers={"X-Forwarded-Proto": "https"})
        assert "plain HTTP" not in text(page)
