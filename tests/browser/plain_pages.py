"""The pages of the administration as a browser without a window reads them, in the session of a browser that has one.

A step costs a tenth of the CPU of one in a window. A test takes it where another step uses the same kind of control in
the window: links and forms come from the pages, and fields are found by their labels.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urlencode, urljoin

from playwright.sync_api import APIRequestContext, APIResponse

from browser.inspection import InspectionWindow
from browser.profiles import PATIENCE_MS


@dataclass
class _Named:
    """An element with its text and with its address, or with the id of its field."""

    target: str
    texts: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " ".join("".join(self.texts).split())


@dataclass
class _Form:
    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[_Named, str, str]] = field(default_factory=list)
    """Each button, and the field that it sends."""


class _Reader(HTMLParser):
    """Collects the text, the links, the labels and the forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[_Named] = []
        self.labels: list[_Named] = []
        self.forms: list[_Form] = []
        self.names: dict[str, str] = {}
        """The names of the fields by their ids."""
        self._open: list[_Named] = []
        self._field = ""
        self._is_textarea = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"a", "label", "button"}:
            named = _Named(given.get("href", given.get("for", "")))
            self._open.append(named)
            if tag == "button" and given["type"] == "submit":
                self.forms[-1].buttons.append((named, given.get("name", ""), given.get("value", "")))
            elif tag != "button":
                (self.links if tag == "a" else self.labels).append(named)
        elif tag == "form":
            self.forms.append(_Form(given.get("method", "get"), given.get("action", "")))
        elif tag in {"input", "textarea", "select"}:
            self.names[given.get("id", "")] = self._field = given["name"]
            self._is_textarea = tag == "textarea"
            if tag != "select":
                self.forms[-1].fields[self._field] = given.get("value", "")
        elif tag == "option" and ("selected" in given or self._field not in self.forms[-1].fields):
            self.forms[-1].fields[self._field] = given["value"]  # the first option unless another is selected

    def handle_endtag(self, tag: str) -> None:
        if tag in {"a", "label", "button"}:
            self._open.pop()
        self._is_textarea = self._is_textarea and tag != "textarea"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._is_textarea:
            self.forms[-1].fields[self._field] += data
        for named in self._open:
            named.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


class PlainPages:
    """The page at an address, which follows its links and sends its forms."""

    def __init__(self, request: APIRequestContext, inspection: InspectionWindow, address: str) -> None:
        self._request = request
        self._inspection = inspection
        self._show(request.get(address, timeout=PATIENCE_MS))

    def _show(self, answer: APIResponse) -> None:
        self.url = answer.url
        self.status = answer.status
        self._html = answer.text()
        self._page = _Reader(self._html)

    @property
    def text(self) -> str:
        """The text of the page."""
        return self._page.text

    def follows(self, name: str) -> Self:
        """Follow the first link with this name."""
        found = [link.target for link in self._page.links if link.name == name]
        assert found, f"no link {name} in {self.text}"
        self._show(self._request.get(urljoin(self.url, found[0]), timeout=PATIENCE_MS))
        return self

    def presses(self, button: str, /, **fields: str) -> Self:
        """Fill fields by their labels, and press the first button with a name, as `Visitor` does."""
        found = [(form, one) for form in self._page.forms for one in form.buttons if one[0].name == button]
        assert found, f"no button {button} in {self.text}"
        form, (_, of_button, value) = found[0]
        sent = form.fields | ({of_button: value} if of_button else {})
        for label, text in fields.items():
            sent[self._field(label)] = text
        address = urljoin(self.url, form.action)
        if form.method == "get":
            self._show(self._request.get(f"{address.partition('?')[0]}?{urlencode(sent)}", timeout=PATIENCE_MS))
        else:
            self._show(self._request.post(address, form=dict(sent), timeout=PATIENCE_MS))
        return self

    def _field(self, label: str) -> str:
        begin = label.replace("_", " ").capitalize()
        [name] = [self._page.names[one.target] for one in self._page.labels if one.name.startswith(begin)]
        return name

    def sees(self, text: str) -> Self:
        assert text in self.text, f"no {text} in {self.text}"
        return self

    def sees_no(self, text: str) -> Self:
        assert text not in self.text
        return self

    def finds_the_page_accessible(self) -> Self:
        """Check the page with axe-core in both themes, and that a pointer reaches its controls."""
        self._inspection.checks(self._html)
        return self

    def finds(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.text)
