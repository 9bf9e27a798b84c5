"""Rooms and people: making and finding them, roles and removals, invitations and blocks."""

import re

from playwright.sync_api import Locator, expect

from browser.conftest import People
from browser.people import Person, Visitor
from e2e.crowd import PASSWORD, Json


def row(who: Visitor, room: str) -> Locator:
    """The row of a room in the list."""
    return who.page.get_by_role("navigation", name="Chats").get_by_role("link", name=re.compile(re.escape(room)))


def dialog(who: Visitor) -> Locator:
    """The uppermost dialog."""
    return who.page.get_by_role("dialog").last


def begins(who: Visitor, what: str) -> None:
    who.presses("New chat or room")
    who.page.get_by_role("menuitem", name=what).click()
    expect(dialog(who).get_by_role("heading", name=what)).to_be_visible()


def opens_details(who: Person, room: Json, tab: str | None = None) -> None:
    who.page.get_by_role("heading", level=2).get_by_role("button", name=room["name"]).click()
    expect(dialog(who).get_by_role("heading", name="About the room")).to_be_visible()
    if tab is not None:
        dialog(who).get_by_role("tab", name=tab).click()


def acts_on(who: Person, other: Person, action: str) -> None:
    """Choose an action on a member in the details of the open room."""
    dialog(who).get_by_role("button", name=f"Actions for {other.name}").click()
    who.page.get_by_role("menuitem", name=action, exact=True).click()


def agrees(who: Person, action: str) -> None:
    dialog(who).get_by_role("button", name=action, exact=True).click()


def has_no_dialog(who: Visitor) -> None:
    expect(who.page.get_by_role("dialog")).to_have_count(0)


class TestMaking:
    def test_a_new_room_appears_once_for_its_people_and_a_refusal_loses_nothing(self, ann: Person, bob: Person) -> None:
        bob.opens()
        bob.sees("No chats yet")
        ann.opens()
        ann.complaints.expect("status of 400")
        begins(ann, "New room")
        dialog(ann).get_by_label("Description").fill("Soup")
        dialog(ann).get_by_role("combobox").fill(bob.username)
        dialog(ann).get_by_role("option", name=re.compile(bob.username)).click()
        agrees(ann, "Create room")
        name = dialog(ann).get_by_label("Name", exact=True)
        expect(name).to_have_accessible_description(re.compile(r"\w"))
        expect(dialog(ann).get_by_label("Description")).to_have_value("Soup")
        name.fill("Kitchen")
        name.evaluate("field => { field.form.requestSubmit(); field.form.requestSubmit(); }")
        expect(ann.composer).to_be_visible()
        expect(row(bob, "Kitchen")).to_be_visible()
        assert len(ann.sends("GET", "/api/chat/rooms/")) == 1

    def test_a_direct_chat_and_the_quick_switcher_need_the_keyboard_alone_and_a_public_room_is_found_and_joined(
        self, ann: Person, bob: Person
    ) -> None:
        kitchen = ann.makes_room("Küche der Ärzte")
        ann.opens()
        begins(ann, "New message")
        expect(dialog(ann).get_by_role("option").first).to_be_visible()  # a newcomer sees who is here
        ann.page.keyboard.type(bob.username)
        expect(dialog(ann).get_by_role("option")).to_have_count(1)
        ann.page.keyboard.press("Enter")
        expect(ann.composer).to_be_visible()
        has_no_dialog(ann)
        expect(row(ann, "Bob")).to_have_attribute("aria-current", "page")

        for typed, room in (("kuche arz", kitchen["id"]), ("bob", ann.chats_with(bob)["id"])):
            ann.page.keyboard.press("Control+k")
            expect(dialog(ann).get_by_role("combobox")).to_be_focused()
            expect(dialog(ann).get_by_role("option")).to_have_count(2)
            ann.page.keyboard.insert_text(typed)
            ann.page.keyboard.press("Enter")  # without waiting for the results
            expect(ann.page).to_have_url(re.compile(f"#/rooms/{room}$"))
            has_no_dialog(ann)

        book = bob.makes_room(f"Books of {bob.username}", is_private=False, description="One a month")
        bob.said("welcome", book)
        ann.page.get_by_role("searchbox", name="Search chats").fill(book["name"])
        ann.page.get_by_role("region", name="Public rooms").get_by_role("link").click()
        ann.presses("Join room")
        ann.sees("welcome")
        expect(ann.composer).to_be_visible()
        expect(row(ann, book["name"])).to_be_visible()


class TestRoles:
    def test_settings_a_role_and_a_removal_take_effect_at_once_and_lose_no_text(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", write="moderators", is_private=True)
        ann.said("an old secret", room)
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/participants/", user_id=bob.id)
        bob.opens(f"#/rooms/{room['id']}")
        bob.sees("an old secret")
        bob.sees("Only moderators can write here.")

        ann.opens_room(room)
        opens_details(ann, room, "Settings")
        dialog(ann).get_by_label("Name", exact=True).fill("Pantry")
        dialog(ann).get_by_role("switch").click()
        agrees(ann, "Save")
        ann.sees("Saved")
        expect(row(bob, "Pantry")).to_be_visible()
        expect(bob.page.get_by_role("heading", level=2, name="Pantry")).to_be_visible()
        bob.sees_no("an old secret")

        dialog(ann).get_by_role("tab", name="Members").click()
        acts_on(ann, bob, "Make moderator")
        bob.composer.fill("half a sentence")
        bob.complaints.expect("status of 404")
        acts_on(ann, bob, "Remove and ban")
        agrees(ann, "Remove and ban")
        bob.sees("You are no longer in “Pantry”.")
        bob.sees("What you wrote here and did not send")
        bob.sees("half a sentence")
        expect(row(bob, "Pantry")).to_have_count(0)
        bob.presses("Delete")
        bob.sees_no("half a sentence")

        expect(dialog(ann).get_by_text(f"@{bob.username}")).to_have_count(0)
        dialog(ann).get_by_role("button", name="Banned people").click()
        dialog(ann).get_by_role("button", name="Lift the ban of Bob").click()
        expect(dialog(ann).get_by_text("Nobody is banned.")).to_be_visible()

    def test_an_owner_who_leaves_learns_the_heir_and_a_room_is_deleted_by_its_name_alone(
        self, people: People, ann: Person, bob: Person
    ) -> None:
        dora, carol = people.person("Dora"), people.person("Carol")
        office, kitchen = ann.makes_room("Office", dora, carol), ann.makes_room("Kitchen", bob)
        ann.sends("PATCH", f"/api/chat/rooms/{office['id']}/participants/{carol.id}/", role="moderator")
        for one in (ann, bob):
            one.complaints.expect("status of 403", "status of 404")  # of requests on their way while the room goes
        ann.opens_room(office)
        opens_details(ann, office)
        agrees(ann, "Leave room")
        expect(dialog(ann)).to_contain_text("Carol becomes the owner.")
        agrees(ann, "Leave")
        has_no_dialog(ann)
        expect(row(ann, "Office")).to_have_count(0)
        assert carol.sends("GET", f"/api/chat/rooms/{office['id']}/")["role"] == "owner"

        bob.opens_room(kitchen)
        ann.goes_to(kitchen)
        opens_details(ann, kitchen)
        agrees(ann, "Delete room")
        dialog(ann).get_by_role("textbox").fill("kitchen?")
        agrees(ann, "Delete")
        expect(dialog(ann)).to_contain_text("This is not the name of the room.")
        dialog(ann).get_by_role("textbox").fill("Kitchen")
        agrees(ann, "Delete")
        bob.sees("“Kitchen” has been deleted.")
        bob.sees("Your messages will appear here.")
        ann.sees("No chats yet")


def test_an_invitation_survives_the_log_in_and_leads_into_its_room(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", description="Soup for all")
    ann.opens_room(room)
    opens_details(ann, room, "Invitations")
    uses = dialog(ann).get_by_label("Number of uses")
    uses.press_sequentially("e")
    ann.complaints.expect("status of 400")
    agrees(ann, "Create link")
    expect(uses).to_have_attribute("aria-invalid", "true")
    uses.fill("2")
    agrees(ann, "Create link")
    address = dialog(ann).get_by_label("Invitation link").input_value().removeprefix(f"{ann.base}/")

    bob.on_a_phone().logged_out().opens(address)
    bob.sees("Ann invites you to")
    bob.sees("Soup for all")
    bob.follows("Log in")
    bob.sees("Log in to minichat")  # the page before it has a field for a username, too
    bob.fills(username=bob.username, password=PASSWORD)
    bob.presses("Log in")
    expect(bob.composer).to_be_visible()
    expect(bob.page.get_by_role("main")).to_be_focused()
    ann.sees("used 1 of 2 times")

    bob.page.go_back()  # not to the invitation
    expect(row(bob, "Kitchen")).to_be_focused()
    bob.goes_to_address(address)
    expect(bob.composer).to_be_visible()
    bob.sends("POST", f"/api/chat/rooms/{room['id']}/leave/")
    expect(bob.composer).to_be_hidden()
    bob.goes_to_address(address)
    bob.presses("Join room")
    expect(bob.composer).to_be_visible()
    expect(dialog(ann).get_by_text("There are no active invitations.")).to_be_visible()
    bob.complaints.expect("status of 404")
    bob.goes_to_address("#invite=unknown")
    bob.sees("This invitation no longer works")


def test_an_erased_account_closes_its_direct_chat_at_once(ann: Person, bob: Person) -> None:
    chat = ann.chats_with(bob)
    ann.opens_room(chat)
    ann.composer.fill("half a sentence")
    bob.sends("DELETE", "/api/auth/me/", password=PASSWORD)
    ann.sees("This account has been deleted.")
    expect(ann.page.get_by_role("main")).to_be_focused()
    ann.sees("What you wrote here and did not send")
    ann.presses("Delete")
    ann.sees_no("half a sentence")
    expect(ann.page.get_by_role("main")).to_be_focused()


class TestBlocks:
    def test_a_refused_direct_chat_and_a_ban_are_told_in_place(self, ann: Person, bob: Person) -> None:
        """The sentence is the server's, in the user's language. It does not speak of a block."""
        bob.sends("POST", f"/api/chat/users/{ann.id}/block/")
        room = bob.makes_room(f"Club of {bob.username}")
        bob.sends("DELETE", f"/api/chat/rooms/{room['id']}/participants/{ann.id}/?ban=true")
        ann.complaints.expect("status of 403")
        ann.opens("#/settings/appearance")
        ann.page.get_by_label("Русский").check()
        expect(ann.page.get_by_role("heading", name="Оформление")).to_be_visible()
        ann.presses("Новый чат или комната")
        ann.page.get_by_role("menuitem", name="Новое сообщение").click()
        dialog(ann).get_by_role("combobox").fill(bob.username)
        dialog(ann).get_by_role("option", name=re.compile(bob.username)).click()
        expect(dialog(ann).get_by_role("alert")).to_have_text("С этим человеком нельзя связаться.")
        expect(dialog(ann).get_by_role("combobox")).to_have_value(bob.username)
        ann.page.keyboard.press("Escape")
        ann.goes_to_address(f"#/rooms/{room['id']}")
        ann.presses("Вступить")
        ann.sees("Вам закрыт доступ в эту комнату.")
        has_no_dialog(ann)

    def test_a_block_hides_messages_until_they_are_asked_for_or_it_is_lifted(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("hello Ann", room)
        ann.opens_room(room)
        messages = ann.page.get_by_role("region", name=re.compile("Messages"))
        messages.get_by_text("hello Ann").click(button="right")
        ann.page.get_by_role("menuitem", name="Block Bob").click()
        agrees(ann, "Block")
        ann.sees_no("hello Ann")
        ann.presses("Show")
        expect(messages.get_by_text("hello Ann")).to_be_visible()
        ann.goes_to_address("#/settings/blocks")
        ann.page.get_by_role("button", name="Unblock Bob").click()
        ann.sees("You have not blocked anybody.")
        expect(ann.page.get_by_role("main")).to_be_focused()  # the row has gone with its button
        ann.goes_to(room)
        ann.sees("hello Ann")

        messages.get_by_role("button", name="Bob").click()
        agrees(ann, "Block")
        agrees(ann, "Block")
        expect(dialog(ann)).to_contain_text("You have blocked this person.")
        expect(dialog(ann).get_by_role("button", name="Send message")).to_have_count(0)
        expect(dialog(ann).get_by_role("button", name="Unblock")).to_be_focused()


def test_the_end_of_the_session_closes_an_open_dialog(ann: Person) -> None:
    ann.complaints.expect("status of 401", "WebSocket")
    ann.opens()
    begins(ann, "New room")
    ann.sends("POST", "/api/auth/logout/")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("Log in to minichat")
    has_no_dialog(ann)


def test_a_muted_room_shows_a_sign_and_a_quiet_count(ann: Person, bob: Person) -> None:
    ann.opens()
    ann.sees("No chats yet")  # the page loads the likely rooms of its start in any case
    room = ann.makes_room("Kitchen", bob)
    bob.said("hello", room)
    expect(row(ann, "Kitchen")).to_be_visible()
    with ann.page.expect_response(re.compile("/history/")):
        row(ann, "Kitchen").hover()  # a room that the user is about to open loads
    row(ann, "Kitchen").click(button="right")
    ann.page.get_by_role("menuitem", name="Mute…").click()
    ann.page.get_by_role("menuitem", name="For 8 hours").click()
    expect(row(ann, "Kitchen")).to_have_accessible_name(re.compile("Muted.*1 unread"))
    row(ann, "Kitchen").click(button="right")
    ann.page.get_by_role("menuitem", name="Mark as read").click()
    expect(row(ann, "Kitchen")).not_to_have_accessible_name(re.compile("unread"))
