"""The story of `minichat demo --story`: a conversation is possible and complete at any time of the day."""

import re
from itertools import pairwise

import pytest

from builders import Chat
from minichat.adapters.memory import Memory
from minichat.domain.history import MessageWindow
from minichat.domain.model import DAY, HOUR, MINUTE, MessagePage
from minichat.domain.paging import Window
from minichat.story import MAIN, StoryClock, script, tell, towns
from minichat.story.cast import CAST

MIDNIGHT = 1_795_392_000_000
"""2026-11-23T00:00:00Z."""
TIMES = [MIDNIGHT, MIDNIGHT + MINUTE, MIDNIGHT + 9 * HOUR, MIDNIGHT + DAY - MINUTE]


class Told:
    """The chat after the story, on memory adapters."""

    def __init__(self, now: int) -> None:
        self.memory = Memory()
        self.clock = StoryClock(now)
        ports = self.memory.ports._replace(clock=self.clock)
        self.services = Chat(ports, self.clock, is_throttled=False).services  # type: ignore[arg-type]
        self.numbers = tell(self.services, self.clock)

    def id_of(self, username: str) -> int:
        [found] = [user for user in self.memory.store.tables.users.values() if user.username == username]
        return found.id

    def rooms_of(self, username: str):
        return self.services.rooms.mine(self.id_of(username), Window(50)).page.items

    def pages(self, username: str) -> list[MessagePage]:
        """The last messages of each room of a person."""
        who = self.id_of(username)
        rooms = [view.room.id for view in self.rooms_of(username)]
        return [self.services.history.of_room(who, room, MessageWindow(200), mark_read=False) for room in rooms]


@pytest.fixture(scope="module")
def told():
    return Told(MIDNIGHT + 15 * HOUR)


@pytest.mark.parametrize("now", TIMES)
def test_every_conversation_goes_forward_and_ends_before_now(now):
    for scene in [*script.scenes(now), towns.scene(now)]:
        said = [act for act in scene.acts if act.kind == "say"]
        for earlier, later in pairwise(said):
            assert earlier.at < later.at, (scene.label, later.text)
        assert now - 3 * HOUR < said[-1].at < now, scene.label
        assert all(act.at <= now for act in scene.acts), scene.label


@pytest.mark.parametrize("now", TIMES)
def test_the_services_accept_the_story_at_any_time_of_the_day(now):
    told = Told(now)
    assert told.numbers.people == len(CAST)
    assert told.numbers.messages == len(told.memory.store.tables.messages) > 500
    assert told.clock.now == now


def test_a_change_is_never_older_than_the_change_before(told):
    times = [change.at for change in told.memory.changes.log]
    assert times == sorted(times)


def test_the_first_main_person_finds_unread_messages_mentions_and_read_rooms(told):
    rooms = told.rooms_of("anna")
    assert 8 <= len(rooms) <= 12
    assert sum(view.unread_mentions for view in rooms) >= 3
    assert sum(view.unread_count > 0 for view in rooms) >= 4
    assert any(view.unread_count == 0 for view in rooms)


def test_every_main_person_has_several_rooms_and_something_unread(told):
    for main in MAIN:
        rooms = told.rooms_of(main.username)
        assert len(rooms) >= 3, main.username
        assert any(view.unread_count for view in rooms), main.username


def test_the_story_shows_each_kind_of_message(told):
    pages = told.pages("anna")
    messages = [message for page in pages for message in page.messages]
    assert any(message.reply_to for message in messages)
    assert any(message.edited_at for message in messages)
    assert any(message.is_deleted for message in messages)
    assert any(message.pin for message in messages)
    assert any(message.mentions_all for message in messages)
    assert any(message.has_mentions for message in messages)
    assert sum(message.has_reactions for message in messages) > 50
    texts = "\n".join(message.content for message in messages)
    for kind in (
        "```python\n",
        "https://",
        "`api`",
        r"\*\*\w",
        r"\b_[\w ]+_\b",
        "[а-яё]",
        "[ا-ي]",
        "[ぁ-ん]",
        r"\w{50}",
        "🏔",
    ):
        assert re.search(kind, texts), kind


def test_the_story_has_rooms_of_each_kind_and_an_invitation(told):
    rooms = [view.room for view in told.rooms_of("anna")]
    assert {room.kind for room in rooms} == {"group", "direct"}
    assert {room.is_private for room in rooms if room.kind == "group"} == {True, False}
    [announcements] = [room for room in rooms if room.write == "moderators"]
    [invitation] = told.services.invitations.page(told.id_of("anna"), announcements.id, Window(10)).page.items
    assert invitation.used == 1
    assert max(room.last_seq for room in rooms) > 350


def test_a_person_can_join_a_public_room_of_the_story(told):
    assert [view.room.name for view in told.services.rooms.public(told.id_of("anna"), Window(10)).page.items] == [
        "Book club 📚"
    ]


def test_every_player_of_the_towns_keeps_the_rules():
    played = towns.towns()
    assert len(set(played)) == len(played) > 300
    for before, after in pairwise(played):
        assert after[0].replace("Ё", "Е") == towns.last_letter(before), (before, after)


@pytest.mark.parametrize(
    "line",
    ["-- tomorrow", "said without a name", ".. ann sings", "ann: hi\n  ? unknown mark"],
    ids=lambda line: line[:9],
)
def test_a_line_that_no_rule_reads_is_reported_with_its_script(line):
    with pytest.raises(script.Wrong, match="tea"):
        script.read("tea", f"== Tea\npeople: ann* bob\n\n-- 5 minutes ago\n{line}\n", MIDNIGHT)
