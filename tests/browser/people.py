"""People who use the web client, each in a browser profile of their own.

Their accounts, rooms and earlier messages are made over the API. A test uses the page for its own behaviour. Every
error of a page fails the test (see `Complaints`).
"""

import itertools
import json
import re
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from e2e.crowd import PASSWORD, Json, call, wait_until
from e2e.crowd import Person as Account
from servers import RunningServer

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 10_000
_SESSION = "minichat:session"
"""The key under which the client stores the refresh token and the id of its user."""
_REPORT_VIOLATIONS = (
    "addEventListener('securitypolicyviolation',"
    " event => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`), true)"
)
_numbers = itertools.count(1)
expect.set_options(timeout=PATIENCE_MS)


class Complaints:
    """The errors and warnings of one person's pages: exceptions, console messages, violations of the policy."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def watch(self, page: Page) -> None:
        page.add_init_script(_REPORT_VIOLATIONS)
        page.on("pageerror", lambda error: self._heard.append(f"{error.stack or error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def expect(self, *patterns: str) -> None:
        """Expect complaints with these patterns, such as `status of 401`. The browser reports every refused request."""
        self._expected += patterns

    def unexpected(self) -> list[str]:
        return [text for text in self._heard if not any(re.search(pattern, text) for pattern in self._expected)]

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning", "assert"}:
            self._heard.append(text)


class Visitor:
    """Somebody with a browser. The newest tab is `page`."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self.complaints = Complaints()
        self._browser = browser
        self._context: BrowserContext | None = None
        self._options: dict[str, Any] = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce"}

    def on_a_phone(self) -> Self:
        """Use a phone from now on. Call this before the first tab is opened."""
        self._options |= {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
        return self

    def having(self, **options: Any) -> Self:
        """Set options of the profile, such as `locale="ru-RU"`. Call this before the first tab is opened."""
        self._options |= options
        return self

    @property
    def context(self) -> BrowserContext:
        if self._context is None:
            self._context = self._browser.new_context(**self._options)
            self._context.set_default_timeout(PATIENCE_MS)
        return self._context

    @property
    def page(self) -> Page:
        """The newest tab."""
        return self.context.pages[-1]

    def opens(self, address: str = "") -> Self:
        """Open an address of the client, such as `#/rooms/7`, in a new tab."""
        page = self.context.new_page()
        self.complaints.watch(page)
        page.goto(f"{self.base}/{address}")
        return self

    def closes_everything(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None

    def sees(self, text: str) -> None:
        """Wait until the text is visible."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def sees_no(self, text: str) -> None:
        """Wait until the text is not visible."""
        expect(self.page.get_by_text(text)).to_have_count(0)

    def fills(self, **fields: str) -> None:
        """Fill fields by their labels: `fills(first_name="Ann")`."""
        for name, value in fields.items():
            label = name.replace("_", " ").capitalize()
            self.page.get_by_role("textbox", name=re.compile(f"^{label}")).or_(
                self.page.get_by_label(re.compile(f"^{label}"))
            ).first.fill(value)

    def presses(self, name: str) -> None:
        """Press a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        """Follow a link by its name."""
        self.page.get_by_role("link", name=name, exact=True).click()


class Person(Visitor):
    """Somebody with an account, who is logged in when the first tab opens."""

    def __init__(self, browser: Browser, server: RunningServer, name: str) -> None:
        super().__init__(browser, f"http://127.0.0.1:{server.port}")
        self.name = name
        self.username = f"{name.lower()}{next(_numbers)}"
        form = {"username": self.username, "password": PASSWORD, "first_name": name}
        answer = call(server, "POST", "/api/auth/register/", form)
        assert answer.status == 201, answer
        self.account = Account(server, answer.json["user"], answer.json["tokens"])
        self.id = self.account.id
        self._stays_logged_in(answer.json["tokens"]["refresh"])

    def _stays_logged_in(self, refresh: str) -> None:
        stored = [{"name": _SESSION, "value": json.dumps({"refresh": refresh, "user": self.id})}]
        self._options["storage_state"] = {"origins": [{"origin": self.base, "localStorage": stored}]}

    def at(self, origin: str) -> Self:
        """Use the pages of another origin. Call this before the first tab is opened."""
        self.base = origin
        self._stays_logged_in(self.account.refresh)
        return self

    def logged_out(self) -> Self:
        """Let the first tab open without a session."""
        del self._options["storage_state"]
        return self

    # Over the API

    def makes_room(self, name: str, *others: "Person", **fields: Any) -> Json:
        """Make a room with others, over the API."""
        participants = [other.id for other in others]
        room: Json = self.sends("POST", "/api/chat/rooms/", name=name, participants=participants, **fields)
        return room

    def chats_with(self, other: "Person") -> Json:
        """Make the direct chat with another person, over the API."""
        room: Json = self.sends("POST", "/api/chat/create-direct-chat/", user_id=other.id)["room"]
        return room

    def said(self, text: str, room: Json, **fields: Any) -> Json:
        """Send a message over the API, as from another device."""
        message: Json = self.sends("POST", "/api/chat/messages/", room=room["id"], content=text, **fields)
        return message

    def sends(self, method: str, path: str, **body: Any) -> Any:
        """Send a request that succeeds, and return the answer's JSON."""
        answer = self.account.call(method, path, body or None)
        assert answer.status < 300, answer
        return answer.json if answer.body else None

    # In the page

    def opens_room(self, room: Json) -> Self:
        """Open the address of a room in a new tab, and wait until it can be used."""
        self.opens(f"#/rooms/{room['id']}")
        expect(self.composer).to_be_visible()
        return self

    def goes_to(self, room: Json) -> Self:
        """Choose a room in the list of rooms."""
        self.page.locator(f'a[href="#/rooms/{room["id"]}"]').first.click()
        expect(self.composer).to_be_visible()
        return self

    def goes_to_address(self, address: str) -> Self:
        """Go to an address of the client in the open tab, once the browser has left the entry of a closed dialog."""
        leaves_closed_dialogs(self.page)
        self.page.goto(f"{self.base}/{address}")
        return self

    def says(self, text: str, room: Json | None = None) -> None:
        """Write a message in the open room, or in the given one, and send it. On a phone, a button sends it."""
        if room is not None and not self.page.url.endswith(f"#/rooms/{room['id']}"):
            self.goes_to(room)
        self.composer.fill(text)
        if self._options.get("is_mobile"):
            self.presses("Send")
        else:
            self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    @property
    def composer(self) -> Any:
        """The field to write in."""
        return self.page.get_by_role("textbox", name="Message", exact=True)


def leaves_closed_dialogs(page: Page) -> None:
    """Wait until the browser has left the entries of closed dialogs in its history."""
    # The policy of the page forbids `wait_for_function`, which evaluates a string in the page.
    wait_until(lambda: not page.evaluate("history.state?.layers"), "the entry of the page")
