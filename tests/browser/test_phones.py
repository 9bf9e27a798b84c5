"""The client on a phone: the keyboard of the screen, a long press, and the way back."""

import re
from typing import Any

from playwright.sync_api import expect

from browser.people import Person

_COVER_PAGE = """height => {
  Object.defineProperty(visualViewport, 'height', {value: height, configurable: true});
  visualViewport.dispatchEvent(new Event('resize'));
}"""


def test_back_closes_a_dialog_then_the_room_and_stays_on_the_site(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    ann.on_a_phone().loads_the_client().opens_room(room)  # by a link: nothing of the site is behind it
    dialogs = ann.page.get_by_role("dialog")
    ann.page.get_by_role("heading", level=2).get_by_role("button", name="Kitchen").click()
    dialogs.get_by_role("tab", name="Members").click()
    dialogs.get_by_role("button", name=re.compile(f"Bob @{bob.username}")).click()
    expect(dialogs).to_have_count(2)
    ann.page.go_back()
    expect(dialogs).to_have_count(1)
    ann.page.go_back()
    expect(dialogs).to_have_count(0)
    expect(ann.composer).to_be_visible()
    ann.page.go_back()
    rooms = ann.page.get_by_role("navigation", name="Chats")
    expect(rooms.get_by_role("link", name=re.compile("Kitchen"))).to_be_focused()
    expect(ann.composer).to_be_hidden()


def test_a_long_press_opens_the_menu_on_a_phone(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    bob.said(f"hello @{ann.username}", room)
    ann.on_a_phone().opens_room(room)
    mention = ann.page.get_by_role("article").locator(".mention")
    box: Any = mention.bounding_box()
    touch = ann.protocol()
    point = {"x": box["x"] + 20, "y": box["y"] + 10}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(ann.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(ann.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    expect(ann.page.locator(".message-toolbar")).to_have_count(0)
    mention.dispatch_event("click")  # as iOS does
    expect(ann.page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_neither_zooms_nor_sends_with_enter_nor_covers_the_field(ann: Person) -> None:
    room = ann.makes_room("Kitchen")
    for number in range(14):
        ann.said(f"message {number}", room)
    ann.on_a_phone().opens_room(room)
    ann.composer.fill("one")
    ann.composer.press("Enter")
    ann.composer.press_sequentially("two")
    ann.presses("Send")
    last = ann.page.locator(".message:not(.is-pending) .text").last
    expect(last).to_have_text("one\ntwo")
    fields = ann.page.locator("input, textarea")
    sizes = fields.evaluate_all("all => all.map(one => getComputedStyle(one).fontSize)")
    assert all(float(size.removesuffix("px")) >= 16 for size in sizes)

    ann.changes_the_page(_COVER_PAGE, 430)  # Safari: the page keeps its height
    for shown in (ann.composer, last):
        expect(shown).to_be_in_viewport(ratio=1)
        box = shown.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 430
    ann.changes_the_page(_COVER_PAGE, 844)
    ann.page.set_viewport_size({"width": 390, "height": 430})  # other browsers: it shrinks
    for shown in (ann.composer, last):
        expect(shown).to_be_in_viewport(ratio=1)
