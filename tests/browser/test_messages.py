"""The list of messages: a window of a long history that holds still, and what is done to a message."""

from typing import Any

from playwright.sync_api import Page

from browser.people import Person
from e2e.crowd import Json

MOST_ELEMENTS = 300
_TOLERANCE_PX = 1.5


def row(page: Page, text: str) -> Any:
    """Return the row of the message with exactly this text."""
    return page.locator("article", has=page.get_by_text(text, exact=True))


def top_of(page: Page, text: str) -> float:
    box = row(page, text).bounding_box()
    assert box is not None
    return float(box["y"])


def scroll(page: Page, pixels: int) -> None:
    page.locator(".scroller").evaluate("(scroller, pixels) => scroller.scrollBy(0, pixels)", pixels)


def settled(page: Page) -> None:
    """Wait until the list has corrected what it estimated while it moved."""
    page.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 250))")


def talk(ann: Person, bob: Person, count: int) -> Json:
    """Make a room in which Bob has said `message 1` to `message <count>`, each of another height."""
    room = ann.makes_room("Kitchen", bob)
    for number in range(1, count + 1):
        bob.said(f"message {number}" + "\nand more" * (number % 4), room)
    return room
