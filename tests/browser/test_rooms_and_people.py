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

    def test_a_direct_chat_and_the_quick_switcher_need_the_keyboard_alone(self, ann: Person, bob: Person) -> None:
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
            ann.page.keyboard.type(typed)
            ann.page.keyboard.press("Enter")  # without waiting for the results
            expect(ann.page).to_have_url(re.compile(f"#/rooms/{room}$"))
            has_no_dialog(ann)

    def test_a_public_room_is_found_in_the_list_and_joined(self, ann: Person, bob: Person) -> None:
        book = bob.makes_room(f"Books of {bob.username}", is_private=False, description="One a month")
        bob.said("welcome", book)
        ann.opens()
        ann.page.get_by_role("searchbox", name="Search chats").fill(book["name"])
        ann.page.get_by_role("region", name="Public rooms").get_by_role("link").click()
        ann.presses("Join room")
        ann.sees("welcome")
        expect(ann.composer).to_be_visible()
        expect(row(ann, book["name"])).to_be_visible()


class TestRoles:
    def test_a_role_and_a_removal_take_effect_at_once_and_lose_no_text(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob, write="moderators", is_private=True)
        bob.opens(f"#/rooms/{room['id']}")
        bob.sees("Only moderators can write here.")
        ann.opens_room(room)
        opens_details(ann, room, "Members")
        acts_on(ann, bob, "Make moderator")
        bob.composer.fill("half a sentence")
        bob.complaints.expect("status of 404")
        acts_on(ann, bob, "Remove and ban")
        agrees(ann, "Remove and ban")
        bob.sees("You are no longer in “Kitchen”.")
        bob.sees("half a sentence")
        expect(row(bob, "Kitchen")).to_have_count(0)
        expect(dialog(ann).get_by_text(f"@{bob.username}")).to_have_count(0)
        dialog(ann).get_by_role("button", name="Banned people").click()
        dialog(ann).get_by_role("button", name="Lift the ban of Bob").click()
        expect(dialog(ann).get_by_text("Nobody is banned.")).to_be_visible()

    def test_an_owner_who_leaves_learns_the_heir(self, people: People, ann: Person, bob: Person) -> None:
        carol = people.person("Carol")
        room = ann.makes_room("Kitchen", bob, carol)
        ann.sends("PATCH", f"/api/chat/rooms/{room['id']}/participants/{carol.id}/", role="moderator")
        ann.complaints.expect("status of 403")  # a request can be on its way while she leaves
        ann.opens_room(room)
        opens_details(ann, room)
        agrees(ann, "Leave room")
        expect(dialog(ann)).to_contain_text("Carol becomes the owner.")
        agrees(ann, "Leave")
        ann.sees("No chats yet")
        has_no_dialog(ann)
        assert carol.sends("GET", f"/api/chat/rooms/{room['id']}/")["role"] == "owner"

    def test_a_room_is_deleted_by_its_name_alone(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        for one in (ann, bob):
            one.complaints.expect("status of 404")  # a request can be on its way while the room goes
        bob.opens_room(room)
        ann.opens_room(room)
        opens_details(ann, room)
        agrees(ann, "Delete room")
        dialog(ann).get_by_role("textbox").fill("kitchen?")
        agrees(ann, "Delete")
        expect(dialog(ann)).to_contain_text("This is not the name of the room.")
        dialog(ann).get_by_role("textbox").fill("Kitchen")
        agrees(ann, "Delete")
        bob.sees("“Kitchen” has been deleted.")
        bob.sees("Your messages will appear here.")
        ann.sees("No chats yet")

    def test_new_settings_of_a_room_reach_its_members(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen")
        ann.said("an old secret", room)
        ann.sends("POST", f"/api/chat/rooms/{room['id']}/participants/", user_id=bob.id)
        bob.opens_room(room)
        bob.sees("an old secret")
        ann.opens_room(room)
        opens_details(ann, room, "Settings")
        dialog(ann).get_by_label("Name", exact=True).fill("Pantry")
        dialog(ann).get_by_role("switch").click()
        agrees(ann, "Save")
        ann.sees("Saved")
        expect(row(bob, "Pantry")).to_be_visible()
        bob.sees_no("an old secret")
        expect(bob.page.get_by_role("heading", level=2, name="Pantry")).to_be_visible()


class TestInvitations:
    def test_a_newcomer_registers_with_a_link_and_is_in_the_room(self, people: People, ann: Person) -> None:
        room = ann.makes_room("Kitchen", description="Soup for all")
        ann.said("come in", room)
        ann.opens_room(room)
        opens_details(ann, room, "Invitations")
        agrees(ann, "Create link")
        link = dialog(ann).get_by_label("Invitation link").input_value()
        newcomer = people.visitor()
        newcomer.opens(link.removeprefix(f"{newcomer.base}/"))
        newcomer.sees("Ann invites you to")
        newcomer.sees("Soup for all")
        newcomer.fills(username=f"{ann.username}n", password=PASSWORD)
        newcomer.presses("Create account")
        newcomer.sees("come in")
        ann.sees("used once")

    def test_a_link_survives_the_log_in_and_a_dead_one_says_so(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen")
        token = ann.sends("POST", f"/api/chat/rooms/{room['id']}/invites/", uses=1)["token"]
        bob.on_a_phone().logged_out().opens(f"#invite={token}")
        bob.sees("Ann invites you to")
        bob.follows("Log in")
        bob.sees("Log in to minichat")  # the page before it has a field for a username, too
        bob.fills(username=bob.username, password=PASSWORD)
        bob.presses("Log in")
        expect(bob.composer).to_be_visible()
        expect(bob.page.get_by_role("main")).to_be_focused()
        bob.page.go_back()
        expect(bob.page.get_by_role("navigation", name="Chats")).to_be_visible()
        bob.complaints.expect("status of 404")
        bob.goes_to_address("#invite=unknown")
        bob.sees("This invitation no longer works")


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

    def test_a_block_hides_messages_until_it_is_lifted_in_the_settings(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", bob)
        bob.said("hello Ann", room)
        ann.opens_room(room)
        ann.page.get_by_role("region", name=re.compile("Messages")).get_by_role("button", name="Bob").click()
        agrees(ann, "Block")
        agrees(ann, "Block")
        expect(dialog(ann)).to_contain_text("You have blocked this person.")
        expect(dialog(ann).get_by_role("button", name="Send message")).to_have_count(0)
        expect(dialog(ann).get_by_role("button", name="Unblock")).to_be_focused()
        ann.page.keyboard.press("Escape")
        ann.sees_no("hello Ann")
        ann.goes_to_address("#/settings/blocks")
        ann.page.get_by_role("button", name="Unblock Bob").click()
        ann.sees("You have not blocked anybody.")
        expect(ann.page.get_by_role("main")).to_be_focused()  # the row has gone with its button
        ann.goes_to(room)
        ann.sees("hello Ann")


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
