"""The administration's pages of rooms and messages: lists, actions, the reason, and refusals."""

import re

import pytest

from api.administrators import Browser
from api.client import Chat, Json, Person
from api.conftest import on_one_database

REASON = "Report 7 names spam"


pytestmark = on_one_database


@pytest.fixture
def room(chat: Chat, ann: Person, bob: Person) -> Json:
    return ann.makes_room("Tea", private=True, with_=[bob])


@pytest.fixture
def messages(room: Json) -> str:
    """The address of the messages of the room."""
    return f"/admin/messages/{room['id']}/"


def in_short(page: str) -> str:
    """The text of a page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class TestRooms:
    def test_a_room_is_deleted_and_a_direct_chat_is_not_even_listed(
        self, chat: Chat, admin: Browser, ann: Person, bob: Person, room: Json
    ) -> None:
        direct = ann.chats_with(bob)
        assert "Tea" in admin.sees("/admin/rooms/")
        before = chat.dump()
        for room_id in (direct["id"], 99, 2**53 - 1):
            for path in (f"rooms/{room_id}/", f"rooms/{room_id}/delete/", f"messages/{room_id}/"):
                assert admin.gets(f"/admin/{path}").status_code == 404
        assert chat.dump() == before
        answer = admin.acts(f"/admin/rooms/{room['id']}/delete/?back=/admin/rooms/%3Fq%3Dtea")
        assert answer.headers["Location"] == "/admin/rooms/?q=tea"
        assert "The room Tea is deleted" in admin.sees("/admin/rooms/")
        assert ann.gets(f"/api/chat/rooms/{room['id']}/").status == 404

    def test_rooms_are_found_by_name_visibility_and_order(self, admin: Browser, ann: Person, room: Json) -> None:
        public = ann.makes_room("Green tea")
        ann.says("hello", in_=room)

        def listed(query: str) -> list[str]:
            return re.findall(r'<a href="/admin/rooms/\d+/\?[^"]*">([^<]+)</a>', admin.sees(f"/admin/rooms/{query}"))

        assert listed("") == ["Green tea", "Tea"]
        assert listed("?order=active") == ["Tea", "Green tea"]
        assert listed("?q=GREEN&visibility=public&order=active") == ["Green tea"]
        assert listed("?visibility=private") == ["Tea"]
        assert "No room matches" in admin.sees("/admin/rooms/?q=coffee")
        assert "characters that no name has" in admin.sees("/admin/rooms/?q=%00")
        assert public["id"] > room["id"]

    def test_a_room_is_renamed_and_handed_over(self, admin: Browser, ann: Person, bob: Person, room: Json) -> None:
        path = f"/admin/rooms/{room['id']}/"
        refused = admin.acts(f"{path}rename/", name=" ", seen="Tea")
        assert (refused.status_code, "aria-invalid" in refused.get_data(as_text=True)) == (400, True)
        assert admin.acts(f"{path}rename/", name="Coffee", seen="Tea").headers["Location"] == path
        stale = admin.acts(f"{path}rename/", name="Milk", seen="Tea")
        assert (stale.status_code, "nothing was saved" in stale.get_data(as_text=True)) == (409, True)
        assert bob.gets(f"/api/chat/rooms/{room['id']}/").body["name"] == "Coffee"
        assert "Make bob the owner" in admin.sees(f"{path}participants/{bob.id}/hand-over/")
        assert admin.acts(f"{path}participants/{bob.id}/hand-over/", seen=str(bob.id)).status_code == 409
        admin.acts(f"{path}participants/{bob.id}/hand-over/", seen=str(ann.id))
        assert bob.gets(f"/api/chat/rooms/{room['id']}/").body["role"] == "owner"
        assert ann.gets(f"/api/chat/rooms/{room['id']}/").body["role"] == "moderator"

    def test_an_invitation_is_revoked(self, admin: Browser, ann: Person, room: Json) -> None:
        made = ann.posts(f"/api/chat/rooms/{room['id']}/invites/", uses=3).body
        path = f"/admin/rooms/{room['id']}/"
        assert "0 of 3" in admin.sees(path)
        assert made["token"] not in admin.sees(path)
        admin.acts(f"{path}invitations/{made['id']}/revoke/")
        assert "No invitation is valid" in admin.sees(path)


class TestMessages:
    def test_messages_appear_only_after_a_reason(
        self, chat: Chat, admin: Browser, bob: Person, room: Json, messages: str
    ) -> None:
        said = bob.says("the secret", in_=room)
        pages = [messages, f"{messages}?around={said['id']}", f"{messages}{said['id']}/delete/"]
        for path in pages:
            assert "the secret" not in admin.sees(path)
        for reason in ("", "x", "\u200b\u200b\u200b\u200b", "x" * 501):
            answer = admin.acts(messages, reason=reason)
            assert answer.status_code == 400
            assert "the secret" not in answer.get_data(as_text=True)
        answer = admin.acts(f"{messages}?around={said['id']}", reason=REASON)
        assert answer.headers["Location"] == f"{messages}?around={said['id']}"
        assert "the secret" in admin.sees(f"{messages}?around={said['id']}")
        log = in_short(admin.sees("/admin/audit/"))
        assert f"reason: {REASON}" in log
        assert "Messages viewed About By R root Details room: 1, from message: 1, to message: 1" in log

    def test_a_shared_address_opens_nothing_for_another_session(
        self, chat: Chat, admin: Browser, bob: Person, room: Json, messages: str
    ) -> None:
        bob.says("the secret", in_=room)
        admin.acts(messages, reason=REASON)
        assert "the secret" in admin.sees(messages)
        other = Browser(chat)
        other.signs_in()
        assert "the secret" not in other.sees(messages)
        chat.clock.advance(15 * 60)
        assert "the secret" not in admin.sees(messages)

    def test_messages_have_pages_in_both_directions(
        self, admin: Browser, bob: Person, room: Json, messages: str
    ) -> None:
        for number in range(60):
            bob.says(f"message {number:02}", in_=room)
        admin.acts(messages, reason=REASON)

        def shown(path: str) -> tuple[list[str], dict[str, str]]:
            page = admin.sees(path)
            links = re.findall(r'rel="(prev|next)" href="([^"]+)"', page)
            return re.findall(r"message (\d\d)<", page), {rel: href.replace("&amp;", "&") for rel, href in links}

        newest, links = shown(messages)
        assert (newest[0], newest[-1], list(links)) == ("10", "59", ["prev"])
        oldest, links = shown(links["prev"])
        assert (oldest[0], oldest[-1], list(links)) == ("00", "09", ["next"])
        again, _ = shown(links["next"])
        assert again == newest
        assert shown(f"{messages}?before=x")[0] == newest
        assert shown(f"{messages}?before=999")[0] == newest

    def test_a_message_is_deleted(self, admin: Browser, bob: Person, room: Json, messages: str) -> None:
        said = bob.says("the secret", in_=room)
        admin.acts(messages, reason=REASON)
        path = f"{messages}{said['id']}/delete/"
        assert "the secret" in admin.sees(path)
        assert admin.acts(path).headers["Location"] == messages
        page = admin.sees(messages)
        assert "the secret" not in page
        assert "This message is deleted." in page
        assert bob.gets(f"/api/chat/messages/{said['id']}/").body["is_deleted"] is True

    def test_a_message_of_a_room_that_has_closed_meanwhile_is_not_deleted(
        self, chat: Chat, admin: Browser, bob: Person, room: Json, messages: str
    ) -> None:
        said = bob.says("the secret", in_=room)
        admin.acts(messages, reason=REASON)
        path = f"{messages}{said['id']}/delete/"
        token = admin.form_token(path)
        chat.clock.advance(15 * 60)
        answer = admin.posts(path, csrf_token=token)
        assert answer.status_code == 403
        assert "Give a reason before" in answer.get_data(as_text=True)
        assert "the secret" not in answer.get_data(as_text=True)
        assert chat.sql("SELECT is_deleted FROM message").fetchall() in ([(0,)], [(False,)])

    def test_a_closed_room_needs_another_reason(self, admin: Browser, bob: Person, room: Json, messages: str) -> None:
        bob.says("the secret", in_=room)
        admin.acts(messages, reason=REASON)
        admin.acts(f"{messages}close/")
        assert "the secret" not in admin.sees(messages)

    def test_markup_in_messages_is_text(self, admin: Browser, bob: Person, room: Json, messages: str) -> None:
        bob.says("<script>alert(1)</script>", in_=room)
        admin.acts(messages, reason="<b>spam</b> here")
        for path in (messages, "/admin/audit/"):
            page = admin.sees(path)
            assert "<script>alert" not in page
            assert "<b>spam" not in page
