"""Writing: the field, mentions, emoji, replies and edits, drafts, and messages that wait for the network."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from browser.conftest import People
from browser.people import Person
from e2e.crowd import Json

_OF_COMPOSITION = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    return ann.makes_room("Kitchen", bob)


def messages(person: Person) -> Locator:
    return person.page.locator(".message .text")


def sent(person: Person) -> Locator:
    """The messages of the open room that the server has acknowledged."""
    return person.page.locator(".message:not(.is-pending) .text")


def contents(person: Person, room: Json) -> list[str]:
    """Return the messages that the server holds, oldest first."""
    answer = person.sends("GET", f"/api/chat/messages/?room={room['id']}&limit=200")
    return [message["content"] for message in answer]


class TestKeys:
    def test_enter_sends_a_text_but_neither_a_composition_nor_too_much(self, ann: Person, room: Json) -> None:
        ann.opens_room(room)
        ann.composer.focus()
        keyboard = ann.protocol()
        keyboard.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
        keyboard.send("Input.dispatchKeyEvent", _OF_COMPOSITION)  # the others' browsers report it before the end
        keyboard.send("Input.insertText", {"text": "日本"})
        keyboard.send("Input.dispatchKeyEvent", _OF_COMPOSITION)  # Safari reports it after the end
        expect(ann.composer).to_have_value("日本")
        ann.composer.press("Enter")
        expect(sent(ann)).to_have_text("日本")

        text = "x" * 4_003
        ann.composer.fill(text)
        ann.sees("The message is 3 characters too long.")
        ann.composer.press("Enter")
        expect(ann.composer).to_have_value(text)
        ann.composer.fill("x" * 3_990)
        expect(ann.page.locator(".composer-count")).to_have_text("10")
        ann.composer.press("Enter")
        expect(sent(ann).last).to_have_text(re.compile("^x+$"))
        assert contents(ann, room) == ["日本", "x" * 3_990]

    def test_the_field_grows_with_its_lines_and_undoes_the_marks_of_keys(self, ann: Person, room: Json) -> None:
        ann.opens_room(room)
        before = ann.composer.bounding_box()["height"]
        ann.composer.press("Shift+Enter")
        ann.composer.press("Shift+Enter")
        assert ann.composer.bounding_box()["height"] > 2 * before
        ann.composer.fill("\n" * 20 + "end")
        assert 4 * before < ann.composer.bounding_box()["height"] < 9 * before
        ann.composer.press("Enter")
        expect(sent(ann)).to_have_text("end")
        assert contents(ann, room) == ["end"]
        assert ann.composer.bounding_box()["height"] == before

        ann.composer.fill("a word")
        ann.composer.press("Shift+Control+ArrowLeft")
        ann.composer.press("Control+b")
        expect(ann.composer).to_have_value("a **word**")
        ann.composer.press("Control+i")
        expect(ann.composer).to_have_value("a **_word_**")
        ann.composer.press("Control+z")
        ann.composer.press("Control+z")
        expect(ann.composer).to_have_value("a word")

    def test_typing_beside_the_field_goes_into_it_also_while_the_controls_load(self, ann: Person, room: Json) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        ann.said("Dinner at eight", room)
        ann.complaints.expect("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
        ann.loads_the_client().opens_room(room)
        ann.loses_the_network()
        messages(ann).hover()  # loads the controls
        ann.sees("You are offline")
        expect(ann.page.locator(".toast")).to_have_count(0)

        ann.meets("**/message_controls.js", hold)
        ann.has_a_network_again()
        messages(ann).click(button="right")
        ann.page.keyboard.press("Escape")  # the menu that has not opened yet
        expect(ann.composer).not_to_be_focused()
        ann.page.keyboard.type("With ")
        expect(ann.composer).to_have_value("With ")
        messages(ann).click()
        expect(ann.composer).not_to_be_focused()
        assert held
        for request in held:
            request.continue_()
        expect(ann.page.get_by_role("group", name="Actions")).to_be_visible()
        expect(ann.page.get_by_role("menu")).to_have_count(0)
        ann.page.keyboard.type("Bob")
        expect(ann.composer).to_have_value("With Bob")


class TestCompletion:
    def test_a_person_is_chosen_by_keys_and_notified(self, people: People, ann: Person, room: Json) -> None:
        zoe = people.person("Zoe")
        zoe.sends("PATCH", "/api/auth/profile/", first_name="Zoe", last_name="Van Dyke")
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/participants/", user_id=zoe.id)
        ann.opens_room(room)
        ann.composer.fill("hi @")
        options = ann.page.get_by_role("option")
        expect(options).to_have_count(3)  # Bob, Zoe and everybody
        ann.composer.press("Escape")
        expect(options).to_have_count(0)
        expect(ann.composer).to_have_value("hi @")
        ann.composer.fill("hi ")
        ann.composer.press_sequentially("@van")
        expect(options).to_have_count(1)
        expect(options).to_have_attribute("aria-selected", "true")
        expect(ann.composer).to_have_attribute("aria-activedescendant", str(options.get_attribute("id")))
        ann.composer.press("Enter")
        expect(ann.composer).to_have_value("hi @Zoe Van Dyke ")
        ann.composer.press("Enter")
        expect(sent(ann).locator(".mention")).to_have_text("@Zoe Van Dyke")
        [mention] = zoe.sends("GET", "/api/chat/mentions/")
        assert mention["content"] == "hi @Zoe Van Dyke"

    def test_an_emoji_is_chosen_by_its_name_or_by_arrow_keys(self, ann: Person, room: Json) -> None:
        ann.opens_room(room)
        ann.composer.fill("hi ")
        ann.presses("Emoji")
        picker = ann.page.get_by_role("dialog", name="Emoji")
        expect(picker.get_by_role("gridcell", name="grinning face", exact=True)).to_be_visible()
        expect(picker.get_by_role("searchbox")).to_be_focused()
        picker.get_by_role("searchbox").fill("thumbs up")
        expect(picker.get_by_role("gridcell")).to_have_count(1)
        picker.get_by_role("searchbox").press("Enter")
        expect(ann.composer).to_have_value("hi 👍")

        ann.presses("Emoji")
        cells = picker.get_by_role("gridcell")
        expect(picker.locator("[data-key=recent]").get_by_role("gridcell")).to_have_text("👍")
        for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowRight", 2), ("ArrowDown", 10)):
            ann.page.keyboard.press(key)
            expect(cells.nth(place)).to_be_focused()
        ann.presses("Skin tone 4")
        ann.page.keyboard.press("Escape")
        expect(picker).to_have_count(0)
        expect(ann.page.get_by_role("button", name="Emoji", exact=True)).to_be_focused()
        ann.composer.fill(":thumbs")
        expect(ann.page.get_by_role("option").first).to_contain_text("👍🏽")


def test_a_message_whose_answer_was_lost_is_one_row_and_a_refused_edit_loses_nothing(ann: Person, room: Json) -> None:
    ann.complaints.expect("ERR_FAILED")
    ann.opens_room(room)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    ann.meets("**/api/chat/messages/", lose, times=1)
    with ann.page.expect_event("requestfailed", lambda request: request.url.endswith("/api/chat/messages/")):
        ann.says("helo")
    expect(sent(ann)).to_have_text(["helo"])
    expect(ann.page.locator(".is-pending")).to_have_count(0)
    assert contents(ann, room) == ["helo"]

    ann.composer.press("ArrowUp")
    ann.sees("Edit message")
    ann.composer.fill("other")
    ann.composer.press("Escape")
    expect(ann.composer).to_have_value("")
    ann.composer.press("ArrowUp")
    expect(ann.composer).to_have_value("helo")
    ann.composer.fill("hello")
    ann.composer.press("Enter")
    expect(ann.composer).to_have_value("")
    expect(sent(ann)).to_have_text("hello")

    ann.composer.press("ArrowUp")
    ann.composer.fill("hello again")
    ann.complaints.expect("status of 409")
    [message] = ann.account.history(room["id"])
    ann.sends("DELETE", f"/api/chat/messages/{message['id']}/")
    ann.composer.press("Enter")
    expect(ann.page.locator(".composer-note.is-problem")).to_contain_text("deleted")
    expect(ann.composer).to_have_value("hello again")


def _composer_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message", exact=True)


def test_drafts_and_unsent_messages_are_in_all_tabs_and_survive_a_closed_one(ann: Person, room: Json) -> None:
    ann.complaints.expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "network")
    other = ann.makes_room("Office")
    first = ann.opens_room(room).page
    ann.composer.fill("half a")
    ann.goes_to(other)
    expect(ann.composer).to_have_value("")
    ann.sees("Draft:")
    ann.goes_to(room)
    expect(ann.composer).to_have_value("half a")

    second = ann.opens_room(room).page
    expect(ann.composer).to_have_value("half a")
    ann.composer.fill("half a thought")
    expect(_composer_of(first)).to_have_value("half a thought")
    ann.composer.press("Enter")
    expect(_composer_of(first)).to_have_value("")
    for page in (first, second):
        expect(page.locator(".message:not(.is-pending) .text")).to_have_text("half a thought")

    ann.loses_the_network()
    ann.says("one")
    ann.says("two")
    for page in (first, second):
        expect(page.locator(".is-pending .text")).to_have_text(["one", "two"])
    second.close()
    ann.has_a_network_again()
    expect(sent(ann)).to_have_text(["half a thought", "one", "two"])
    ann.says("three")
    expect(sent(ann)).to_have_text(["half a thought", "one", "two", "three"])
    expect(ann.page.locator(".is-pending")).to_have_count(0)
    assert contents(ann, room) == ["half a thought", "one", "two", "three"]

    ann.composer.fill("fou")
    first.close()
    ann.opens_room(room)
    expect(ann.composer).to_have_value("fou")


def test_a_member_sees_why_and_until_when_nothing_can_be_written(ann: Person, bob: Person) -> None:
    slow, chat = ann.makes_room("Slow", bob, cooldown=30), ann.chats_with(bob)
    bob.opens_room(slow)
    bob.says("one")
    note = bob.page.get_by_text(re.compile(r"You can write again in \d+ seconds\."))
    expect(note).to_be_visible()
    before = note.inner_text()
    bob.composer.fill("two")
    bob.composer.press("Enter")
    expect(bob.composer).to_have_value("two")
    expect(note).not_to_have_text(before)  # the seconds count down
    assert contents(bob, slow) == ["one"]
    ann.sends("PATCH", f"/api/chat/rooms/{slow['id']}/", write="moderators")
    bob.sees("Only moderators can write here.")
    expect(bob.page.get_by_role("main")).to_be_focused()
    search = bob.page.get_by_role("searchbox", name="Search chats")
    search.focus()
    ann.sends("PATCH", f"/api/chat/rooms/{slow['id']}/", write="all", cooldown=0)
    expect(bob.composer).to_have_value("two")
    expect(search).to_be_focused()

    ann.sends("POST", f"/api/chat/users/{bob.id}/block/")
    ann.opens(f"#/rooms/{chat['id']}")
    ann.sees("You blocked this person.")
    bob.complaints.expect("status of 403")
    bob.says("hello?", chat)
    expect(bob.page.locator(".composer-note")).to_be_visible()
    expect(bob.page.locator(".message-problem")).to_be_visible()
    bob.presses("Send again")
    expect(bob.page.locator(".message-problem")).to_be_visible()
    bob.presses("Edit")
    expect(bob.page.locator(".message")).to_have_count(0)
    expect(bob.composer).to_have_value("hello?")
    ann.presses("Unblock")
    expect(ann.composer).to_be_visible()
    bob.composer.press("Enter")
    expect(messages(ann)).to_have_text("hello?")
    expect(bob.page.locator(".composer-note")).to_be_hidden()


def test_links_open_without_a_referrer_and_code_can_be_copied(ann: Person, room: Json) -> None:
    ann.said("see https://example.org/a_b_c.\n```js\nlet a = 1;\n```", room)
    ann.may("clipboard-read", "clipboard-write").opens_room(room)
    link = ann.page.get_by_role("link", name="https://example.org/a_b_c", exact=True)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    ann.presses("Copy code")
    expect(ann.page.get_by_role("button", name="Copied")).to_be_visible()
    assert ann.page.evaluate("navigator.clipboard.readText()") == "let a = 1;"
