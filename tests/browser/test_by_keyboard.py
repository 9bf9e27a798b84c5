"""The web client by keyboard alone: each thing is reached with Tab and arrow keys, and the focus is never lost."""

import re

from playwright.sync_api import Locator, Page, expect

from browser.conftest import People
from browser.people import Person
from e2e.crowd import PASSWORD

MOST_TABS = 25
_HAS_FOCUS = "element => element === document.activeElement"


def tabs_to(page: Page, goal: Locator, key: str = "Tab") -> None:
    """Press Tab until the goal has the focus."""
    expect(goal).to_be_visible()
    found = goal.element_handle()
    for _ in range(MOST_TABS):
        if found.evaluate(_HAS_FOCUS):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not reach {goal} within {MOST_TABS} steps")


def chooses(page: Page, item: str) -> None:
    """Choose an item of the open menu with the arrow keys."""
    found = page.get_by_role("menu").get_by_role("menuitem", name=item).element_handle()
    for _ in range(MOST_TABS):
        if found.evaluate(_HAS_FOCUS):
            return page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"arrow keys do not reach {item}")


def test_a_newcomer_uses_the_keyboard_alone(people: People, bob: Person) -> None:
    newcomer = people.visitor().opens("#/")
    page = newcomer.page

    def button(name: str | re.Pattern[str]) -> Locator:
        return page.get_by_role("button", name=name).first

    tabs_to(page, page.get_by_role("link", name="Create account"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Create your account")).to_be_focused()
    for field, value in (("username", f"{bob.username}k"), ("first_name", "Kim"), ("password", PASSWORD)):
        tabs_to(page, page.locator(f"[name={field}]"))
        page.keyboard.insert_text(value)
    page.keyboard.press("Enter")
    newcomer.sees("No chats yet")

    tabs_to(page, button("New chat or room"))
    page.keyboard.press("Enter")
    chooses(page, "New room")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.insert_text("Kitchen")
    tabs_to(page, dialog.get_by_role("combobox"))
    page.keyboard.insert_text(bob.username)
    expect(dialog.get_by_role("option", name=re.compile(bob.username))).to_be_visible()
    page.keyboard.press("Enter")
    tabs_to(page, dialog.get_by_role("button", name="Create room"))
    page.keyboard.press("Enter")

    composer = page.get_by_role("textbox", name="Message", exact=True)
    expect(composer).to_be_focused()
    page.keyboard.type("tea?")
    page.keyboard.press("Enter")
    message = page.get_by_role("article").filter(has_text="tea?")
    expect(message).to_be_visible()
    tabs_to(page, page.get_by_role("region", name="Messages of Kitchen"), "Shift+Tab")
    page.keyboard.press("ArrowUp")
    expect(message).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(message).to_be_focused()
    page.keyboard.press("Escape")
    expect(composer).to_be_focused()

    page.keyboard.press("Control+k")
    switcher = dialog.get_by_role("combobox")
    expect(switcher).to_be_focused()
    page.keyboard.insert_text(bob.username)
    expect(dialog.get_by_role("option", name=re.compile(bob.username))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Bob")).to_be_visible()
    expect(composer).to_be_focused()

    tabs_to(page, button(re.compile("^Menu")))
    page.keyboard.press("Enter")
    chooses(page, "Settings")
    tabs_to(page, page.get_by_role("link", name="Appearance"))
    page.keyboard.press("Enter")
    tabs_to(page, page.get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    tabs_to(page, button(re.compile("^Menu")))
    page.keyboard.press("Enter")
    chooses(page, "Log out")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in to minichat")
    assert page.evaluate("Object.keys(localStorage).filter(key => /session|draft|outbox/.test(key))") == []
