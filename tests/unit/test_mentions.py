"""The rules for mentions, on memory adapters. `test_mention_rules` has the rules for the text."""

import pytest

from builders import contents, issues_of
from minichat.domain.errors import ClientIdReused, MessageDeleted, NotYourMessage
from minichat.domain.mention_rules import MAX_MENTIONS
from minichat.domain.model import HistoryAccess, Role
from minichat.domain.room_rules import RoomPolicy


@pytest.fixture
def room(ann, bob, carl):
    """Ann owns it."""
    return ann.makes_room("Tea", with_=[bob, carl])


def mentioned(shown):
    """The names of the people whom a message mentions."""
    people = shown.details.people
    return [people[user_id].username for user_id in shown.details.mentions.get(shown.message.id, ())]


def seen(reader, message):
    return mentioned(reader.looks_up(message))


# Sending


def test_a_message_mentions_the_participants_whom_it_names(ann, bob, carl, room):
    sent = ann.says("@bob and @CARL.", in_=room)
    assert (mentioned(sent), sent.message.has_mentions, sent.message.mentions_all) == (["bob", "carl"], True, False)
    assert seen(bob, sent.message) == ["bob", "carl"]
    assert [one.unread_mentions(room) for one in (ann, bob, carl)] == [0, 1, 1]


def test_a_message_mentions_the_participants_whose_ids_it_has(ann, bob, carl, room):
    sent = ann.says("hello", in_=room, to=[carl, bob, carl])
    assert mentioned(sent) == ["bob", "carl"]
    assert bob.unread_mentions(room) == 1


def test_a_user_named_and_given_by_id_counts_once(ann, bob, room):
    sent = ann.says("@bob @bob", in_=room, to=[bob])
    assert mentioned(sent) == ["bob"]
    assert bob.unread_mentions(room) == 1


def test_nobody_outside_of_the_room_is_mentioned(chat, ann, bob, room):
    dora = chat.person("dora")
    sent = ann.says("@dora @nobody", in_=room)
    assert (mentioned(sent), sent.message.has_mentions) == ([], False)
    with chat.nothing_changes():
        assert issues_of(lambda: ann.says("x", in_=room, to=[bob, dora])) == {"mention_ids": ["unknown_participant"]}


def test_an_unknown_id_is_refused_like_an_outsider(chat, ann, room):
    with chat.nothing_changes():
        send = chat.services.messaging.send
        issues = issues_of(lambda: send(ann.user, room.id, "x", mention_ids=[999]))
        assert issues == {"mention_ids": ["unknown_participant"]}


def test_the_author_is_never_mentioned(ann, room):
    sent = ann.says("@ann", in_=room, to=[ann])
    assert (mentioned(sent), ann.mentions()) == ([], [])


def test_every_wrong_field_is_named_with_the_mentions(chat, ann, room):
    dora = chat.person("dora")
    assert issues_of(lambda: ann.says(" ", in_=room, to=[dora])) == {
        "content": ["blank"],
        "mention_ids": ["unknown_participant"],
    }


def test_an_outsider_learns_nothing_about_participants(chat, ann, room):
    eve = chat.person("eve")
    assert issues_of(lambda: eve.says(" ", in_=room, to=[ann])) == {"content": ["blank"]}


def test_more_than_fifty_ids_are_refused(chat, ann, room):
    with chat.nothing_changes():
        send = chat.services.messaging.send
        issues = issues_of(lambda: send(ann.user, room.id, "x", mention_ids=[*range(1, MAX_MENTIONS + 2)]))
        assert issues == {"mention_ids": ["too_many_items"]}


def test_names_after_the_fiftieth_person_are_text(chat, ann, room):
    crowd = chat.people(*(f"user{number}" for number in range(MAX_MENTIONS)))
    for person in crowd:
        ann.adds(person, to=room)
    named = " ".join(f"@{person.username}" for person in crowd)
    bob = ann.says(f"{named} @bob", in_=room)
    assert len(mentioned(bob)) == MAX_MENTIONS
    assert "bob" not in mentioned(bob)
    mixed = ann.says(f"@bob {named}", in_=room, to=crowd[-2:])
    assert {"bob", crowd[-1].username, crowd[-2].username} <= {*mentioned(mixed)}
    assert len(mentioned(mixed)) == MAX_MENTIONS
    assert crowd[-3].unread_mentions(room) == 1


def test_a_mention_in_a_direct_chat_counts(ann, bob):
    chat = ann.chats_with(bob)
    ann.says("@bob @all", in_=chat)
    assert (bob.unread_mentions(chat), bob.history(chat).messages[0].mentions_all) == (1, False)


# Everybody


@pytest.mark.parametrize("role", [Role.OWNER, Role.MODERATOR])
def test_the_owner_and_moderators_mention_everybody(chat, ann, bob, carl, room, role):
    author = ann if role == Role.OWNER else bob
    if role == Role.MODERATOR:
        ann.makes(bob, role, in_=room)
    sent = author.says("@All!", in_=room)
    assert (sent.message.mentions_all, sent.message.has_mentions) == (True, False)
    assert carl.unread_mentions(room) == 1
    assert (author.unread_mentions(room), author.mentions()) == (0, [])


def test_all_from_a_member_is_text(ann, bob, carl, room):
    assert not bob.says("@all", in_=room).message.mentions_all
    assert carl.unread_mentions(room) == 0


def test_a_message_that_names_a_user_and_everybody_counts_once(ann, bob, room):
    ann.says("@all @bob", in_=room)
    assert (bob.unread_mentions(room), bob.mentions()) == (1, ["@all @bob"])


# Retries


def test_a_retry_is_recognised_before_its_mentions_are_checked(chat, ann, bob, room):
    dora = chat.person("dora")
    first = ann.says("@bob", in_=room, client_id="one")
    for to in ([], [dora], [bob] * (MAX_MENTIONS + 1)):
        with chat.nothing_changes():
            again = ann.says("@bob", in_=room, client_id="one", to=to)
            assert (again.is_replay, again.message, mentioned(again)) == (True, first.message, ["bob"])
    with chat.nothing_changes(), pytest.raises(ClientIdReused):
        ann.says("@carl", in_=room, client_id="one", to=[dora])


# Editing


def test_an_edit_finds_the_mentions_of_its_content_again(ann, bob, carl, room):
    message = ann.says("@bob", in_=room).message
    ann.rewrites(message, "@carl")
    assert seen(bob, message) == ["carl"]
    assert [one.unread_mentions(room) for one in (bob, carl)] == [0, 1]
    ann.rewrites(message, "nobody")
    assert seen(bob, message) == []
    assert [one.unread_mentions(room) for one in (bob, carl)] == [0, 0]


def test_an_edit_keeps_the_people_given_by_id(ann, bob, carl, room):
    message = ann.says("@bob", in_=room, to=[carl]).message
    ann.rewrites(message, "hello")
    assert seen(bob, message) == ["carl"]


def test_an_edit_replaces_the_people_given_by_id(chat, ann, bob, carl, room):
    message = ann.says("@bob", in_=room, to=[carl]).message
    chat.clock.advance(1)
    edited = ann.rewrites(message, to=[])
    assert (seen(bob, message), edited.edited_at, edited.content) == (["bob"], chat.clock.now, "@bob")
    ann.rewrites(message, "hello", to=[bob])
    assert seen(bob, message) == ["bob"]
    ann.rewrites(message, "again", to=[])
    assert (seen(bob, message), bob.unread_mentions(room)) == ([], 0)


def test_an_edit_without_any_change_of_its_mentions_changes_nothing(chat, ann, carl, room):
    message = ann.says("@bob", in_=room, to=[carl]).message
    with chat.nothing_changes():
        assert ann.rewrites(message, "@bob") == message
        assert ann.rewrites(message, to=[carl, carl]) == message
        assert ann.rewrites(message, "@bob", to=[carl]) == message


def test_people_who_have_read_a_message_are_not_counted_again(ann, bob, room):
    message = ann.says("hello", in_=room).message
    bob.reads(room, up_to=1)
    ann.rewrites(message, "hello @bob @all")
    assert (bob.unread_mentions(room), bob.mentions()) == (0, ["hello @bob @all"])


def test_an_edit_of_an_unread_message_counts(ann, bob, room):
    message = ann.says("hello", in_=room).message
    ann.says("more", in_=room)
    ann.rewrites(message, "hello @bob")
    assert bob.unread_mentions(room) == 1


def test_an_edit_checks_the_ids_like_sending(chat, ann, bob, carl, room):
    dora = chat.person("dora")
    message = ann.says("hello", in_=room, to=[carl]).message
    carl.leaves(room)
    with chat.nothing_changes():
        for to in ([dora], [carl, bob]):
            assert issues_of(lambda to=to: ann.rewrites(message, to=to)) == {"mention_ids": ["unknown_participant"]}
        both = {"content": ["blank"], "mention_ids": ["unknown_participant"]}
        assert issues_of(lambda: ann.rewrites(message, " ", to=[dora])) == both
        with pytest.raises(NotYourMessage):
            bob.rewrites(message, to=[])
    assert seen(bob, message) == ["carl"]
    ann.rewrites(message, "hello again")
    assert seen(bob, message) == ["carl"]


def test_a_wrong_edit_of_a_hidden_message_is_answered_like_one_of_no_message(chat, ann, bob, room):
    dora = chat.person("dora")
    hidden = bob.says("hello", in_=room).message
    bob.leaves(room)
    bob.joins(room)
    chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=HistoryAccess.JOINED))
    for message in (hidden, hidden._replace(id=999)):
        assert issues_of(lambda message=message: bob.rewrites(message, " ", to=[dora])) == {"content": ["blank"]}


def test_a_former_moderator_mentions_everybody_no_longer(ann, bob, carl, room):
    ann.makes(bob, Role.MODERATOR, in_=room)
    message = bob.says("@all", in_=room).message
    ann.makes(bob, Role.MEMBER, in_=room)
    assert bob.rewrites(message, "@all!").mentions_all is False
    assert carl.unread_mentions(room) == 0


# Deletion


def test_a_deleted_message_mentions_nobody(ann, bob, carl, room):
    message = ann.says("@bob @all", in_=room, to=[carl]).message
    ann.takes_back(message)
    tombstone = bob.looks_up(message).message
    assert (seen(bob, message), tombstone.has_mentions, tombstone.mentions_all) == ([], False, False)
    assert [one.unread_mentions(room) for one in (bob, carl)] == [0, 0]
    assert bob.mentions() == []
    with pytest.raises(MessageDeleted):
        ann.rewrites(message, to=[bob])


# Receipts and membership


def test_a_receipt_lowers_the_count(ann, bob, room):
    for content in ("@bob", "hello", "@all", "@bob"):
        ann.says(content, in_=room)
    assert bob.unread_mentions(room) == 3
    for up_to, left in ((1, 2), (2, 2), (3, 1), (4, 0)):
        bob.reads(room, up_to=up_to)
        assert bob.unread_mentions(room) == left


def test_reading_the_history_lowers_the_count_in_the_same_answer(ann, bob, room):
    for content in ("@bob", "@all", "@bob", "last"):
        ann.says(content, in_=room)
    first = bob.history(room, 4).messages[0]
    page = bob.history(room, 2, around=first, mark_read=True)
    assert contents(page) == ["@bob", "@all"]
    assert page.room.unread_mentions == 1


def test_sending_counts_as_reading(ann, bob, room):
    ann.says("@bob", in_=room)
    bob.says("yes?", in_=room)
    assert bob.unread_mentions(room) == 0


def test_a_user_who_leaves_and_joins_again_starts_without_unread_mentions(ann, bob, room):
    ann.says("@bob one", in_=room)
    ann.says("@all two", in_=room)
    bob.leaves(room)
    ann.says("@bob @all three", in_=room)
    assert bob.mentions() == []
    bob.joins(room)
    assert (bob.unread_mentions(room), bob.unread(room)) == (0, 0)
    assert bob.mentions() == ["@bob one"]  # everybody: since the latest joining only
    ann.says("@all four", in_=room)
    ann.says("@bob five", in_=room)
    assert (bob.unread_mentions(room), bob.mentions()) == (2, ["@bob five", "@all four", "@bob one"])


def test_a_room_that_hides_its_history_hides_mentions_from_before(chat, ann, bob, room):
    ann.says("@bob one", in_=room)
    bob.leaves(room)
    bob.joins(room)
    ann.says("@bob two", in_=room)
    chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=HistoryAccess.JOINED))
    assert bob.mentions() == ["@bob two"]
    chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=HistoryAccess.ALL))
    assert bob.mentions() == ["@bob two", "@bob one"]


def test_a_removed_room_has_no_mentions(ann, bob, room):
    ann.says("@bob", in_=room)
    ann.deletes(room)
    assert bob.mentions() == []


def test_the_list_of_mentions_pages_over_all_rooms(ann, bob, room):
    other = ann.makes_room("Milk", with_=[bob])
    for number in range(6):
        ann.says(f"@bob {number}", in_=room if number % 2 else other)
        ann.says("noise", in_=room)
    first = bob.chat.services.mentions.page(bob.id, 4)
    assert (contents(first), first.has_older) == (["@bob 5", "@bob 4", "@bob 3", "@bob 2"], True)
    assert bob.mentions(4, before=first.messages[-1].id) == ["@bob 1", "@bob 0"]
    assert bob.mentions(4, before=1) == []


# Blocks


def test_a_mention_by_somebody_blocked_is_left_out_of_counts_and_lists(ann, bob, carl, room):
    ann.says("@bob one", in_=room)
    ann.says("@all two", in_=room)
    carl.says("@bob three", in_=room)
    bob.blocks(ann)
    assert (bob.unread(room), bob.unread_mentions(room), bob.mentions()) == (3, 1, ["@bob three"])
    [unread] = bob.chat.services.notifications.unread(bob.id).rooms
    assert (unread.unread_count, unread.unread_mentions) == (3, 1)
    assert carl.unread_mentions(room) == 0
    bob.unblocks(ann)
    assert (bob.unread_mentions(room), len(bob.mentions())) == (3, 3)


def test_a_block_does_not_hide_mentions_from_the_blocked_user(ann, bob, room):
    ann.blocks(bob)
    ann.says("@bob", in_=room)
    assert bob.unread_mentions(room) == 1


# Erasure


def test_an_erased_account_is_mentioned_no_longer(chat, ann, bob, carl, room):
    message = ann.says("@bob @carl", in_=room, to=[bob]).message
    chat.services.erasure.erase(bob.caller, "correct horse battery")
    assert seen(ann, message) == ["carl"]
    assert issues_of(lambda: ann.rewrites(message, to=[bob])) == {"mention_ids": ["unknown_participant"]}


def test_the_mentions_by_an_erased_account_stay(chat, ann, bob, room):
    message = ann.says("@bob", in_=room).message
    chat.services.erasure.erase(ann.caller, "correct horse battery")
    assert (seen(bob, message), bob.unread_mentions(room)) == (["bob"], 1)


def test_an_erased_partner_is_not_mentioned(chat, ann, bob):
    direct = ann.chats_with(bob)
    message = ann.says("hello", in_=direct).message
    chat.services.erasure.erase(bob.caller, "correct horse battery")
    ann.rewrites(message, f"@deleted-user-{bob.id}")
    assert seen(ann, message) == []


# Export


def test_an_export_holds_the_mentions_in_both_directions(chat, ann, bob, room):
    own = ann.says("@bob", in_=room).message
    of_ann = bob.says("@ann", in_=room).message
    export = chat.services.export.begin(ann.caller)
    [[(message, people)]] = list(export.messages)
    assert (message, [person.username for person in people]) == (own, ["bob"])
    assert list(export.mentions) == [[of_ann]]
