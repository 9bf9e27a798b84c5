"""The port `MentionStore`, and what rooms and memberships keep for mentions and notifications."""

from builders import PASSWORD
from minichat.domain.model import (
    HistoryAccess,
    Mentioned,
    NewMessage,
    NotifyLevel,
    Role,
    UnreadRoom,
)
from minichat.domain.paging import Window

ALL = Window(50)


def say(ports, room, author, *, to=(), by_id=(), is_everybody=False, content="hello"):
    """Send a message that mentions these users."""
    mentioned = Mentioned(tuple(one.id for one in to), tuple(one.id for one in by_id), is_everybody)
    with ports.transaction(room=room.id):
        new = NewMessage(
            room.id, author.id, content, 1_000, has_mentions=mentioned.has_people, mentions_all=is_everybody
        )
        message = ports.message_store.append(new)
        if mentioned.has_people or is_everybody:
            ports.mention_store.put(message, mentioned)
    return message


def joins(ports, room, user, role=Role.MEMBER):
    with ports.transaction(room=room.id):
        last_seq = ports.room_store.access(room.id, user.id)[0].last_seq
        return ports.membership_store.add(room.id, user.id, role, last_seq)


def leaves(ports, room, user):
    with ports.transaction(room=room.id):
        ports.membership_store.remove(membership(ports, room, user))


def deletes(ports, message):
    with ports.transaction(room=message.room_id):
        ports.message_store.update(message._replace(is_deleted=True, has_mentions=False, mentions_all=False), None)
        ports.mention_store.remove_all(message.id)


def blocks(ports, blocker, blocked):
    with ports.transaction(account=blocker.id, shared_accounts=[blocked.id]):
        ports.block_store.add(blocker.id, blocked.id, 1_000)


def membership(ports, room, user):
    return ports.room_store.access(room.id, user.id)[1]


def page(ports, user, before=None, limit=50):
    return [message.id for message in ports.mention_store.page(user.id, before, limit)]


def unread(ports, room, user):
    """The unread mentions by each of the queries that count them."""
    [listed] = [view for view in ports.room_store.page_of(user.id, ALL) if view.room.id == room.id]
    counts = {
        ports.mention_store.count_unread(room.id, user.id),
        ports.room_store.view(room.id, user.id).unread_mentions,
        ports.room_store.views(room.id, [user.id])[user.id].unread_mentions,
        listed.unread_mentions,
        *(one.unread_mentions for one in ports.room_store.unread(user.id) if one.membership.room_id == room.id),
    }
    [count] = counts
    return count


def test_a_message_has_its_mentions_in_the_order_of_ids(ports, room, ann, bob, carl):
    joins(ports, room, carl)
    one = say(ports, room, ann, to=[carl], by_id=[bob])
    two = say(ports, room, bob, by_id=[ann])
    silent = say(ports, room, ann)
    assert ports.mention_store.of([two.id, one.id, silent.id, 999]) == {one.id: [bob.id, carl.id], two.id: [ann.id]}
    assert ports.mention_store.of([]) == {}
    assert ports.mention_store.get(one.id) == Mentioned((carl.id,), (bob.id,))
    assert ports.mention_store.get(silent.id) == Mentioned()
    assert ports.message_store.get(one.id) == one
    assert (one.has_mentions, one.mentions_all, silent.has_mentions) == (True, False, False)


def test_mentions_are_removed_with_the_message_or_replaced(ports, room, ann, bob, carl):
    joins(ports, room, carl)
    message, other = say(ports, room, ann, to=[bob, carl]), say(ports, room, ann, to=[bob])
    with ports.transaction(room=room.id):
        ports.mention_store.remove_all(message.id)
        ports.mention_store.put(message, Mentioned((), (carl.id,)))
    assert ports.mention_store.of([message.id, other.id]) == {message.id: [carl.id], other.id: [bob.id]}


def test_an_update_stores_the_mention_flags(ports, room, ann):
    message = say(ports, room, ann)
    changed = message._replace(has_mentions=True, mentions_all=True)
    with ports.transaction(room=room.id):
        ports.message_store.update(changed, None)
    assert ports.message_store.get(message.id) == changed


def test_a_mention_raises_the_mark_of_the_participant_and_of_the_room(ports, room, ann, bob):
    older = say(ports, room, ann)
    say(ports, room, ann, to=[bob], is_everybody=True)
    with ports.transaction(room=room.id):
        ports.mention_store.put(older, Mentioned((bob.id,), (), True))
    found, own = ports.room_store.access(room.id, bob.id)
    assert (found.all_mentioned_seq, own.mentioned_seq) == (2, 2)
    assert membership(ports, room, ann).mentioned_seq == 0


def test_unread_mentions_are_those_above_the_receipt(ports, room, ann, bob):
    assert unread(ports, room, bob) == 0
    say(ports, room, ann, to=[bob])
    say(ports, room, ann)
    say(ports, room, ann, is_everybody=True)
    say(ports, room, ann, by_id=[bob], is_everybody=True)
    assert (unread(ports, room, bob), unread(ports, room, ann)) == (3, 0)
    for seq, left in ((1, 2), (2, 2), (3, 1), (4, 0)):
        with ports.transaction(room=room.id):
            ports.membership_store.see(room.id, bob.id, seq)
        assert unread(ports, room, bob) == left


def test_deleted_messages_and_those_by_blocked_authors_do_not_count(ports, room, ann, bob, carl):
    joins(ports, room, carl)
    messages = [
        say(ports, room, author, to=to, is_everybody=is_everybody)
        for author in (ann, carl)
        for to, is_everybody in (([bob], False), ([], True))
    ]
    assert unread(ports, room, bob) == 4
    blocks(ports, bob, ann)
    assert (unread(ports, room, bob), page(ports, bob)) == (2, [messages[3].id, messages[2].id])
    for message in messages[2:]:
        deletes(ports, message)
    assert (unread(ports, room, bob), page(ports, bob)) == (0, [])


def test_a_list_of_mentions_is_newest_first_and_has_each_message_once(ports, room, ann, bob):
    messages = [say(ports, room, ann, to=[bob], is_everybody=number % 2 == 0) for number in range(4)]
    say(ports, room, bob, is_everybody=True)
    say(ports, room, ann)
    newest_first = [message.id for message in reversed(messages)]
    assert page(ports, bob) == newest_first
    assert page(ports, bob, limit=2) == newest_first[:2]
    assert page(ports, bob, before=newest_first[1]) == newest_first[2:]
    assert page(ports, ann) == [messages[-1].id + 1]
    [first, *_] = ports.mention_store.page(bob.id, None, 1)
    assert first == ports.message_store.get(first.id)


def test_a_list_of_mentions_covers_the_rooms_of_the_user_now(ports, room, add_room, ann, bob):
    other = add_room(ann, bob)
    messages = [say(ports, place, ann, to=[bob]) for place in (room, other, room, other)]
    assert page(ports, bob) == [message.id for message in reversed(messages)]
    leaves(ports, other, bob)
    assert page(ports, bob) == [messages[2].id, messages[0].id]
    with ports.transaction(room=room.id):
        ports.room_store.remove(room.id, 5_000)
    assert page(ports, bob) == []


def test_a_mention_of_everybody_counts_since_the_latest_joining(ports, room, ann, bob):
    named, called = say(ports, room, ann, to=[bob]), say(ports, room, ann, is_everybody=True)
    both = say(ports, room, ann, to=[bob], is_everybody=True)
    leaves(ports, room, bob)
    missed = say(ports, room, ann, is_everybody=True)
    joins(ports, room, bob)
    assert (page(ports, bob), unread(ports, room, bob)) == ([both.id, named.id], 0)
    later = say(ports, room, ann, is_everybody=True)
    assert (page(ports, bob), unread(ports, room, bob)) == ([later.id, both.id, named.id], 1)
    assert not {called.id, missed.id} & {*page(ports, bob)}


def test_a_room_that_hides_its_history_hides_older_mentions(ports, room, ann, bob):
    say(ports, room, ann, to=[bob])
    leaves(ports, room, bob)
    joins(ports, room, bob)
    later = say(ports, room, ann, to=[bob])
    with ports.transaction(room=room.id):
        found, _ = ports.room_store.access(room.id, bob.id)
        ports.room_store.update(found._replace(history=HistoryAccess.JOINED))
    assert page(ports, bob) == [later.id]


def test_the_mentions_of_an_erased_user_go(ports, room, ann, bob, carl):
    joins(ports, room, carl)
    messages = [say(ports, room, ann, to=[bob], by_id=[carl]) for _ in range(3)]
    with ports.transaction(account=bob.id):
        ports.mention_store.erase(bob.id)
    assert page(ports, bob) == []
    assert ports.mention_store.of([messages[0].id]) == {messages[0].id: [carl.id]}
    with ports.transaction(room=room.id):
        ports.room_store.remove(room.id, 5_000)
    assert page(ports, carl) == []


def test_participants_are_found_by_name_and_id(ports, room, ann, bob, carl):
    keys = [user.username_key for user in (ann, bob, carl)]
    assert ports.membership_store.by_names(room.id, [*keys, "nobody"]) == {keys[0]: ann.id, keys[1]: bob.id}
    assert ports.membership_store.among(room.id, [ann.id, bob.id, carl.id, 999]) == {ann.id, bob.id}
    assert ports.membership_store.by_names(room.id, []) == {}


def test_an_erased_account_is_found_by_neither(chat):
    ann, bob = chat.people("ann", "bob")
    direct = ann.chats_with(bob)
    chat.services.erasure.erase(bob.caller, PASSWORD)
    find = chat.ports.membership_store
    assert find.by_names(direct.id, [bob.user.username_key, "ann"]) == {"ann": ann.id}
    assert find.among(direct.id, [ann.id, bob.id]) == {ann.id}


def test_a_membership_keeps_its_notification_level_and_its_mute(ports, room, ann, bob):
    changed = membership(ports, room, bob)._replace(notify=NotifyLevel.MENTIONS, muted_at=5, muted_until=9)
    with ports.transaction(room=room.id):
        ports.membership_store.set_notify(changed)
    assert membership(ports, room, bob) == changed
    assert membership(ports, room, ann).notify == NotifyLevel.ALL
    leaves(ports, room, bob)
    assert joins(ports, room, bob).notify == NotifyLevel.ALL


def test_rooms_with_unread_messages_are_listed_by_latest_activity(ports, room, add_room, ann, bob):
    other, quiet = add_room(ann, bob), add_room(ann, bob)
    assert ports.room_store.unread(bob.id) == []
    say(ports, other, ann)
    say(ports, other, ann, to=[bob])
    say(ports, room, ann)
    say(ports, quiet, bob)
    deletes(ports, say(ports, other, ann))
    assert ports.room_store.unread(bob.id) == [
        UnreadRoom(membership(ports, other, bob), 2, 1),
        UnreadRoom(membership(ports, room, bob), 1, 0),
    ]
    deletes(ports, say(ports, quiet, ann))
    assert len(ports.room_store.unread(bob.id)) == 2
