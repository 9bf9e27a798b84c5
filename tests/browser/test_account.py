"""The account in the web client: log-in, registration, profile, password, devices, data, and its end."""

import io
import json
import re
from typing import Any

from PIL import Image
from playwright.sync_api import FilePayload, Locator, expect

from browser.conftest import People
from browser.people import Person, Visitor
from e2e.crowd import PASSWORD, wait_until

NEW_PASSWORD = "a much longer passphrase"


def problem_of(somebody: Visitor, label: str) -> Locator:
    """Return the problem that is shown at a field."""
    field = somebody.page.get_by_role("textbox", name=label, exact=True)
    ids = str(field.get_attribute("aria-describedby")).split()
    return somebody.page.locator(f"#{ids[-1]}")


def logs_in(visitor: Visitor, person: Person, password: str) -> None:
    visitor.fills(username=person.username, password=password)
    visitor.presses("Log in")


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (900, 300), "#c04020").save(file, "JPEG")
    return file.getvalue()


class TestEntrance:
    def test_each_refusal_is_shown_at_its_field_and_nothing_typed_is_lost(self, people: People, ann: Person) -> None:
        visitor = people.visitor().opens("#/register")
        visitor.complaints.expect("status of 4")
        visitor.fills(username="a", first_name="Nina", password="short")
        visitor.presses("Create account")
        expect(problem_of(visitor, "Username")).not_to_be_empty()
        expect(problem_of(visitor, "Password")).not_to_be_empty()
        expect(visitor.page.get_by_label("First name")).to_have_value("Nina")
        expect(visitor.page.get_by_label("Username")).to_be_focused()
        visitor.fills(username=ann.username, password=PASSWORD)
        visitor.presses("Create account")
        expect(problem_of(visitor, "Username")).to_contain_text(re.compile("taken", re.IGNORECASE))

        visitor.presses("Show password")
        expect(visitor.page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
        visitor.follows("Log in")
        visitor.sees("Log in to minichat")
        visitor.fills(username=ann.username, password="a wrong one")
        visitor.presses("Log in")
        expect(visitor.page.locator(".form-problem")).not_to_be_empty()
        expect(visitor.page.get_by_label("Username")).to_have_value(ann.username)
        expect(visitor.page.get_by_label("Password", exact=True)).to_be_focused()


class TestSettings:
    def test_a_profile_has_names_and_a_square_picture_and_ones_own_card_leads_to_it(
        self, ann: Person, bob: Person
    ) -> None:
        room = ann.makes_room("Mirror", bob)
        bob.said(f"it's you, @{ann.username}", room)
        ann.opens_room(room)
        ann.presses(f"@{ann.username}")
        ann.follows("Edit profile")
        expect(ann.page.get_by_role("heading", name="Profile")).to_be_focused()
        expect(ann.page.get_by_role("dialog")).to_have_count(0)
        ann.fills(first_name="Anna", last_name="Березина")
        ann.page.get_by_role("heading", name="Profile").focus()
        ann.page.keyboard.press("Escape")
        expect(ann.page.get_by_role("heading", name="Profile")).to_have_count(0)
        ann.presses("Menu: Ann")
        ann.page.get_by_role("menuitem", name="Settings").click()
        ann.page.set_viewport_size({"width": 820, "height": 700})  # the chats leave little for the settings
        ann.follows("Profile")
        ann.presses("Save")
        expect(ann.page.get_by_role("button", name="Upload picture")).to_be_in_viewport(ratio=1)
        expect(ann.page.get_by_role("button", name="Menu: Anna Березина")).to_be_visible()
        shown: Any = ann.page.locator(".picture-shown img")
        expect(shown).to_have_attribute("src", re.compile(r"\.svg$"))
        file: FilePayload = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        ann.page.locator("input[type=file]").set_input_files(file)
        preview = ann.page.get_by_role("img", name=re.compile("The middle of the picture"))
        assert preview.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [
            300,
            300,
        ]
        ann.presses("Use this picture")
        expect(shown).to_have_attribute("src", re.compile(r"\.webp$"))
        ann.presses("Remove picture")
        expect(shown).to_have_attribute("src", re.compile(r"\.svg$"))
        ann.page.locator("input[type=file]").set_input_files({**file, "buffer": b"no picture"})
        ann.sees("This file is not a picture that your browser can read.")

    def test_a_new_password_keeps_this_device_and_ends_the_others_which_keep_their_drafts(
        self, ann: Person, people: People
    ) -> None:
        room = ann.makes_room("Kitchen")
        other = people.visitor().opens(f"#/rooms/{room['id']}")
        other.complaints.expect("status of 401", "WebSocket connection")  # it may still be connecting
        logs_in(other, ann, PASSWORD)
        draft = other.page.get_by_role("textbox", name="Message", exact=True)
        draft.fill("half a thought")
        wait_until(lambda: "half a thought" in other.page.evaluate("JSON.stringify(localStorage)"), "the stored draft")

        ann.complaints.expect("status of 400")
        ann.opens("#/settings/sessions")
        expect(
            ann.page.get_by_role("list", name="Devices").locator(".device-name", has_text="Chrome · Linux")
        ).to_be_visible()
        ann.page.locator('.settings-link[data-key="password"]').click()
        ann.fills(current_password="a wrong one", new_password=NEW_PASSWORD)
        ann.presses("Change password")
        expect(problem_of(ann, "Current password")).not_to_be_empty()
        ann.fills(current_password=PASSWORD)
        ann.presses("Change password")
        ann.sees("Your password has been changed.")
        ann.page.reload()
        expect(ann.page.get_by_role("heading", name="Password")).to_be_visible()

        other.sees("Your session has ended.")
        logs_in(other, ann, NEW_PASSWORD)
        expect(draft).to_have_value("half a thought")

    def test_an_account_is_exported_and_erased(self, ann: Person, people: People) -> None:
        ann.opens("#/settings/data")
        with ann.page.expect_download() as started:
            ann.presses("Download")
        assert json.loads(started.value.path().read_text(encoding="utf-8"))["account"]["username"] == ann.username
        ann.complaints.expect("status of 400")
        ann.presses("Delete account…")
        ann.fills(your_password="a wrong one")
        ann.presses("Delete for good")
        expect(problem_of(ann, "Your password")).not_to_be_empty()
        ann.fills(your_password=PASSWORD)
        ann.presses("Delete for good")
        ann.sees("Your account has been deleted.")
        expect(ann.page.get_by_role("heading", name="Log in to minichat")).to_be_visible()
        assert ann.page.evaluate("Object.keys(localStorage)") == []
