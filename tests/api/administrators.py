"""An administrator's browser, without the browser: it keeps cookies and fills in the forms of the pages."""

import re
from collections.abc import Mapping

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.client import PASSWORD, Chat


class Browser:
    """Keeps cookies and fills in forms, as a browser does."""

    def __init__(self, chat: Chat, base: str = "http://localhost") -> None:
        self.chat = chat
        self._base = base
        self._client: FlaskClient = chat.app.test_client()

    def gets(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self._client.get(path, base_url=self._base, headers=headers)

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

    def acts(self, path: str, **fields: str) -> TestResponse:
        """Open the page of an action and submit its form."""
        return self.submits(path, path, **fields)

    def sees(self, path: str) -> str:
        """The text of a page."""
        return text(self.gets(path))


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)
