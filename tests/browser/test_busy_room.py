"""A room in which twenty messages a second arrive, while somebody writes in it."""

import itertools

from playwright.sync_api import expect

from browser.people import Person
from e2e.crowd import meanwhile
from scale import scaled

MOST_ELEMENTS = 300
PAUSE_S = 0.05
KEY_MS = 50
FRAME_MS = scaled(400, 100)
"""The longest pause between two frames, for 95 of 100. Several tests share the cores in `make test`."""
TEXT = "nobody hears me, " * scaled(3, 30)
_COUNT_FRAMES = """() => {
  window.pauses = [];
  let last = performance.now();
  requestAnimationFrame(function next(now) {
    window.pauses.push(now - last);
    last = now;
    requestAnimationFrame(next);
  });
}"""


def test_a_room_with_twenty_messages_a_second_stays_usable(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    ann.opens_room(room)
    page = ann.page
    numbers = itertools.count(1)
    page.evaluate(_COUNT_FRAMES)
    with meanwhile(lambda: bob.said(f"message {next(numbers)}", room), rest=PAUSE_S):
        ann.composer.press_sequentially(TEXT, delay=KEY_MS)
        expect(ann.composer).to_have_value(TEXT)
        ann.composer.press("Enter")
        expect(ann.composer).to_have_value("")
        expect(page.get_by_role("article").filter(has_text="nobody hears me")).to_be_visible()
        pauses = sorted(page.evaluate("window.pauses"))
    sent = next(numbers) - 1
    assert sent > 10
    expect(page.get_by_role("article").last).to_be_in_viewport()
    expect(page.get_by_role("article").filter(has_text=f"message {sent}")).to_be_visible()
    assert page.get_by_role("article").count() <= MOST_ELEMENTS
    assert pauses[len(pauses) * 95 // 100] < FRAME_MS
