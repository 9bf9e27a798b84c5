"""`minichat users`, `rooms` and `reports`: what the administration does, from the command line."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from commands import run_minichat
from minichat.domain.model import ReportReason, User
from minichat.domain.services import Services
from minichat.wiring import build_services
from settings import settings_from

PASSWORD = "correct horse battery"
STATES = ("active", "disabled", "superuser")
Json = dict[str, Any]


class Account(NamedTuple):
    user: User
    session_id: int


class Chat:
    """A chat in a folder, and its services as a server would use them."""

    def __init__(self, folder: Path, ann: Account) -> None:
        self.folder = folder
        self.ann, self.session_id = ann
        self.services = services_in(folder)

    def says(self, *words: str, says: str = "") -> str:
        """The standard output of a command that succeeds."""
        done = run_minichat(self.folder, *words, says=says)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def fails(self, *words: str, says: str = "") -> str:
        """The sentence of a command that fails."""
        done = run_minichat(self.folder, *words, says=says)
        assert (done.returncode, done.stdout) == (1, ""), done
        return done.stderr.rstrip("\n")

    def objects(self, *words: str) -> list[Json]:
        return [json.loads(line) for line in self.says(*words, "--json").splitlines()]

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.objects("audit")]


def services_in(folder: Path) -> Services:
    return build_services(settings_from({"MINICHAT_RATE_LIMITS": "off"}, root=folder))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Account]:
    """A folder with a chat of the superuser root and of ann. Copying it is faster than making it."""
    folder = tmp_path_factory.mktemp("example")
    done = run_minichat(folder, "createsuperuser", "--username", "root", "--password-stdin", says=PASSWORD)
    assert done.returncode == 0
    ann, grant = services_in(folder).registration.register("ann", PASSWORD, first_name="Ann")
    return folder, Account(ann, grant.session.id)


@pytest.fixture
def chat(example: tuple[Path, Account], tmp_path: Path) -> Chat:
    folder, ann = example
    return Chat(shutil.copytree(folder, tmp_path, dirs_exist_ok=True), ann)


class TestPeople:
    def test_each_account_is_one_json_object(self, chat: Chat) -> None:
        ann, root = chat.objects("users", "list")
        assert ann == {
            "id": chat.ann.id,
            "username": "ann",
            "first_name": "Ann",
            "last_name": "",
            "email": "",
            "email_verified": False,
            "is_active": True,
            "is_superuser": False,
            "joined_at": ann["joined_at"],
            "last_seen": ann["last_seen"],
        }
        assert ann["joined_at"].endswith("Z")
        assert (root["username"], root["is_superuser"], root["last_seen"]) == ("root", True, None)
        assert [one["username"] for one in chat.objects("users", "list", "--query", "an")] == ["ann"]

    def test_one_person_is_shown_with_groups_and_sessions(self, chat: Chat) -> None:
        room = chat.services.rooms.create(chat.ann.id, "Tea").view.room
        [shown] = chat.objects("users", "show", "ANN")
        [session] = shown["sessions"]
        assert (shown["username"], session["id"]) == ("ann", chat.session_id)
        assert shown["groups"] == [{"id": room.id, "name": "Tea", "role": "owner"}]
        assert (shown["direct_chats"], shown["reports_about"], shown["reports_by"]) == (0, [], [])
        text = chat.says("users", "show", "ann")
        assert f"id              {chat.ann.id}\nusername        ann\n" in text
        assert "is active       yes\nis superuser    no\n" in text
        assert "direct chats    0\n" in text
        assert f"sessions        id {session['id']}  created at " in text

    def test_accounts_are_listed_by_state(self, chat: Chat) -> None:
        chat.says("users", "disable", "ann")
        names = {
            state: [one["username"] for one in chat.objects("users", "list", "--state", state)] for state in STATES
        }
        assert names == {"active": ["root"], "disabled": ["ann"], "superuser": ["root"]}
        assert [one["username"] for one in chat.objects("users", "list", "--query", "a", "--state", "active")] == []

    def test_an_account_is_created_where_nobody_can_register(self, chat: Chat) -> None:
        words = ["users", "create", "bob", "--first-name", "Bob", "--email", "bob@example.org", "--password-stdin"]
        done = run_minichat(chat.folder, *words, says=PASSWORD, registration="closed")
        assert (done.returncode, done.stdout) == (0, "Created the account bob.\n")
        bob, _ = chat.services.sessions.log_in("bob", PASSWORD)
        assert (bob.first_name, bob.email, bob.is_superuser) == ("Bob", "bob@example.org", False)
        assert chat.fails(*words, says=PASSWORD) == "The username bob is taken. Choose another one."
        assert "password: " in chat.fails("users", "create", "carl", "--password-stdin", says="short")

    def test_an_account_without_a_password_gets_a_link(self, chat: Chat) -> None:
        link = chat.says("users", "create", "bob", "--link")
        chat.services.recovery.confirm(link.strip().partition("#reset=")[2], PASSWORD)
        assert chat.services.sessions.log_in("bob", PASSWORD)[0].username == "bob"

    def test_an_account_is_edited_field_by_field(self, chat: Chat) -> None:
        assert chat.says("users", "edit", "ann", "--last-name", "Lee") == "ann is changed.\n"
        assert chat.says("users", "edit", "ann", "--last-name", "Lee") == "ann is unchanged.\n"
        chat.says("users", "edit", "ann", "--username", "anna", "--first-name", "")
        [anna] = chat.objects("users", "list", "--query", "anna")
        assert (anna["first_name"], anna["last_name"], anna["id"]) == ("", "Lee", chat.ann.id)
        assert chat.fails("users", "edit", "anna", "--username", "root").startswith("The username root is taken.")
        assert "email: " in chat.fails("users", "edit", "anna", "--email", "x")
        assert run_minichat(chat.folder, "users", "edit", "anna").returncode == 2

    def test_one_session_is_ended(self, chat: Chat) -> None:
        own = chat.session_id
        assert chat.fails("users", "logout", "ann", "--session", "999") == "ann has no live session 999."
        assert chat.says("users", "logout", "ann", "--session", str(own)) == f"The session {own} of ann is over.\n"
        assert chat.objects("users", "show", "ann")[0]["sessions"] == []

    def test_superuser_rights_are_granted_and_taken_back(self, chat: Chat) -> None:
        assert chat.says("users", "grant-superuser", "ann") == "ann is a superuser.\n"
        assert chat.says("users", "grant-superuser", "ann") == "ann was already a superuser.\n"
        assert chat.says("users", "revoke-superuser", "root") == "root is no superuser any more.\n"
        assert [one["username"] for one in chat.objects("users", "list") if one["is_superuser"]] == ["ann"]
        assert chat.events()[-2:] == ["account.superuser_granted", "account.superuser_revoked"]

    @pytest.mark.parametrize("words", [("disable",), ("revoke-superuser",), ("erase", "--yes")])
    def test_no_command_takes_the_last_superuser(self, chat: Chat, words: tuple[str, ...]) -> None:
        assert "superuser" in chat.fails("users", words[0], "root", *words[1:])
        assert chat.objects("users", "list", "--query", "root")[0]["is_active"]

    def test_an_account_is_erased_after_a_question(self, chat: Chat) -> None:
        for answer, sentence in (("n\n", "Nothing was changed."), ("", "There is no answer. Confirm with --yes.")):
            refused = run_minichat(chat.folder, "users", "erase", "ann", says=answer)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert f"Erase the account of ann (id {chat.ann.id}) for ever?" in refused.stderr
            assert refused.stderr.endswith(f"{sentence}\n")
        done = run_minichat(chat.folder, "users", "erase", "ann", says="y\n")
        assert (done.returncode, done.stdout) == (0, "The account of ann is erased.\n")
        assert [one["username"] for one in chat.objects("users", "list")] == ["root"]

    @pytest.mark.parametrize(
        "words",
        [
            *(("show",), ("disable",), ("enable",), ("logout",), ("logout", "--session", "1")),
            *(("grant-superuser",), ("revoke-superuser",), ("erase", "--yes"), ("totp-reset",)),
        ],
    )
    def test_an_unknown_name_is_a_sentence(self, chat: Chat, words: tuple[str, ...]) -> None:
        assert chat.fails("users", words[0], "bob\x1b", *words[1:]) == "There is no account named bob\\x1b."


@pytest.mark.parametrize(
    "words", [("rooms", "show"), ("rooms", "delete"), ("reports", "show"), ("users", "logout", "ann", "--session")]
)
@pytest.mark.parametrize("number", ["0", "x", str(2**53), "9" * 40])
def test_a_number_that_is_no_id_is_a_wrong_argument(tmp_path: Path, words: tuple[str, ...], number: str) -> None:
    done = run_minichat(tmp_path, *words, number)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


class TestRooms:
    @pytest.fixture
    def room(self, chat: Chat) -> str:
        """The id of a private group of ann's, with bob in it. They have a direct chat as well."""
        bob, _ = chat.services.registration.register("bob", PASSWORD)
        chat.services.rooms.direct_chat(chat.ann.id, bob.id)
        return str(chat.services.rooms.create(chat.ann.id, "Tea", is_private=True, invited=[bob.id]).view.room.id)

    def test_groups_are_listed_without_direct_chats(self, chat: Chat, room: str) -> None:
        [shown] = chat.objects("rooms", "list")
        assert (shown["id"], shown["name"], shown["is_private"], shown["participants_count"]) == (
            int(room),
            "Tea",
            True,
            2,
        )
        assert chat.objects("rooms", "list", "--query", "coffee") == []
        assert chat.says("rooms", "list").endswith("  private  Tea\n")

    def test_a_group_is_shown_with_its_participants(self, chat: Chat, room: str) -> None:
        [shown] = chat.objects("rooms", "show", room)
        assert [(one["username"], one["role"]) for one in shown["participants"]] == [
            ("ann", "owner"),
            ("bob", "member"),
        ]
        assert "owner           ann\n" in chat.says("rooms", "show", room)

    def test_a_group_is_handed_over(self, chat: Chat, room: str) -> None:
        assert chat.says("rooms", "hand-over", room, "bob") == f"bob owns the group {room}.\n"
        assert chat.fails("rooms", "hand-over", room, "root") == f"root is not in the group {room}."
        assert chat.fails("rooms", "hand-over", room, "eve") == "There is no account named eve."

    def test_a_group_is_deleted_after_a_question(self, chat: Chat, room: str) -> None:
        refused = run_minichat(chat.folder, "rooms", "delete", room, says="n\n")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert chat.says("rooms", "delete", room, "--yes") == "The group Tea is deleted.\n"
        assert chat.objects("rooms", "list") == []
        assert chat.fails("rooms", "show", room) == f"There is no group {room}."
        assert chat.events()[-1] == "room.deleted"


class TestReports:
    @pytest.fixture
    def report(self, chat: Chat) -> int:
        """A report of bob's about a message of ann's."""
        bob, _ = chat.services.registration.register("bob", PASSWORD)
        room = chat.services.rooms.create(chat.ann.id, "Tea", invited=[bob.id]).view.room
        message = chat.services.messaging.send(chat.ann, room.id, "Buy now").message
        chat.services.reports.make(bob.id, message.id, ReportReason.SPAM, "Again")
        return int(chat.objects("reports", "list")[0]["id"])

    def test_the_queue_is_listed_without_texts(self, chat: Chat, report: int) -> None:
        [shown] = chat.objects("reports", "list")
        assert (shown["state"], shown["reason"], shown["author"], shown["reporter"]) == ("open", "spam", "ann", "bob")
        assert shown.keys() & {"comment", "content"} == set()
        assert "ann  by bob" in chat.says("reports", "list")
        assert "report.opened" not in chat.events()

    def test_showing_a_report_is_in_the_audit_log(self, chat: Chat, report: int) -> None:
        [shown] = chat.objects("reports", "show", str(report))
        assert (shown["content"], shown["comment"], shown["room"]) == ("Buy now", "Again", "Tea")
        assert shown["is_message_deleted"] is False
        assert chat.events()[-1] == "report.opened"
        assert "content         Buy now\n" in chat.says("reports", "show", str(report))

    def test_a_report_is_dismissed_once(self, chat: Chat, report: int) -> None:
        assert chat.says("reports", "dismiss", str(report)) == f"The report {report} is dismissed.\n"
        assert chat.objects("reports", "list") == []
        assert [one["state"] for one in chat.objects("reports", "list", "--state", "any")] == ["dismissed"]
        assert chat.fails("reports", "act", str(report)) == f"The report {report} is decided already: dismissed."

    def test_the_message_of_a_report_is_deleted(self, chat: Chat, report: int) -> None:
        chat.says("reports", "act", str(report), "--delete-message")
        [shown] = chat.objects("reports", "list", "--state", "acted_on")
        assert shown["decided_by"] is None
        assert chat.objects("reports", "show", str(report))[0]["is_message_deleted"] is True

    @pytest.mark.parametrize("words", [("show",), ("dismiss",), ("act",), ("act", "--delete-message")])
    def test_an_unknown_report_is_a_sentence(self, chat: Chat, words: tuple[str, ...]) -> None:
        assert chat.fails("reports", words[0], "7", *words[1:]) == "There is no report 7."
