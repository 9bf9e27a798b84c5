"""The rules for reactions, on memory adapters."""

import pytest

from builders import ALL, PASSWORD, issues_of
from minichat.domain.errors import (
    CannotMessage,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    SessionEnded,
    TooManyReactions,
    YouBlocked,
)
from minichat.domain.model import Device, Role
from minichat.domain.paging import Window
from minichat.domain.reactions import ERASE_BATCH, MAX_KINDS

KINDS = [chr(0x1F400 + number) for number in range(MAX_KINDS + 1)]


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", with_=[bob])


@pytest.fixture
def message(ann, room):
    return ann.says("hello", in_=room).message


def reacts(person, message, emoji):
    return person.chat.services.reactions.add(person.id, message.id, emoji)


def takes_back(person, message, emoji):
    return person.chat.services.reactions.remove(person.id, message.id, emoji)


def counts(shown):
    """The reactions to the message: emoji, number, first users and viewers who reacted."""
    return [tuple(one)[:3] for one in shown.details.reactions.get(shown.message.id, ())]


def test_a_reaction_shows_its_emoji_its_number_and_its_users(ann, bob, message):
    assert counts(reacts(bob, message, "👍")) == [("👍", 1, (bob.id,))]
    assert counts(reacts(ann, message, "👍")) == [("👍", 2, (bob.id, ann.id))]
    shown = reacts(ann, message, "🎉")
    assert counts(shown) == [("👍", 2, (bob.id, ann.id)), ("🎉", 1, (ann.id,))]
    assert [ann.id in one.viewers for one in shown.details.reactions[message.id]] == [True, True]


def test_a_second_reaction_with_the_same_emoji_changes_nothing(chat, bob, message):
    before = reacts(bob, message, "👍")
    with chat.nothing_changes():
        assert reacts(bob, message, "👍") == before


def test_an_emoji_with_and_without_its_variation_selector_is_one(ann, bob, message):
    reacts(ann, message, "❤")
    assert counts(reacts(bob, message, "❤\ufe0f")) == [("❤\ufe0f", 2, (ann.id, bob.id))]
    assert counts(takes_back(ann, message, "❤\ufe0f")) == [("❤\ufe0f", 1, (bob.id,))]


@pytest.mark.parametrize("text", ["", "a", "👍👍", "👍 ", ":+1:", "\u200d", "\ufe0f"])
def test_a_reaction_is_one_emoji(chat, bob, message, text):
    with chat.nothing_changes():
        assert issues_of(lambda: reacts(bob, message, text)) == {"emoji": ["not_an_emoji"]}
        assert issues_of(lambda: takes_back(bob, message, text)) == {"emoji": ["not_an_emoji"]}


def test_a_reaction_is_taken_back_once(chat, bob, message):
    reacts(bob, message, "👍")
    shown = takes_back(bob, message, "👍")
    assert (counts(shown), shown.message.has_reactions) == ([], False)
    with chat.nothing_changes():
        takes_back(bob, message, "👍")


def test_nobody_takes_back_the_reaction_of_another_user(chat, ann, bob, message):
    reacts(bob, message, "👍")
    with chat.nothing_changes():
        assert counts(takes_back(ann, message, "👍")) == [("👍", 1, (bob.id,))]


def test_a_message_has_at_most_twenty_kinds_and_each_can_be_joined(chat, ann, bob, message):
    for emoji in KINDS[:MAX_KINDS]:
        reacts(bob, message, emoji)
    with chat.nothing_changes(), pytest.raises(TooManyReactions):
        reacts(ann, message, KINDS[MAX_KINDS])
    assert len(counts(reacts(ann, message, KINDS[0]))) == MAX_KINDS
    takes_back(bob, message, KINDS[1])
    reacts(ann, message, KINDS[MAX_KINDS])


def test_kinds_stand_in_the_order_of_their_first_use(ann, bob, message):
    for person, emoji in ((ann, "🎉"), (ann, "👍"), (bob, "👍"), (bob, "🎉")):
        reacts(person, message, emoji)
    assert [emoji for emoji, _, _ in counts(ann.looks_up(message))] == ["🎉", "👍"]
    assert [emoji for emoji, _, _ in counts(takes_back(ann, message, "🎉"))] == ["👍", "🎉"]


def test_a_message_names_ten_users_of_a_kind_and_the_list_names_all(chat, ann, room, message):
    people = chat.people(*(f"user{number}" for number in range(12)))
    for person in people:
        ann.adds(person, to=room)
        reacts(person, message, "👍")
    [(_, number, first)] = counts(ann.looks_up(message))
    assert (number, first) == (12, tuple(person.id for person in people[:10]))
    found = chat.services.reactions.of_message(ann.id, message.id, None, ALL)
    assert [found.people[one.user_id].username for one in found.page.items] == [one.username for one in people]


def test_the_list_of_reactions_can_show_one_emoji(chat, ann, bob, message):
    for person, emoji in ((ann, "❤"), (bob, "👍"), (bob, "❤")):
        reacts(person, message, emoji)
    listed = chat.services.reactions.of_message
    assert [one.user_id for one in listed(bob.id, message.id, "❤", ALL).page.items] == [ann.id, bob.id]
    assert not listed(bob.id, message.id, "🎉", ALL).page.items
    assert issues_of(lambda: listed(bob.id, message.id, "x", Window(1))) == {"emoji": ["not_an_emoji"]}


def test_a_deleted_message_has_no_reactions_and_takes_none(chat, ann, bob, message):
    reacts(bob, message, "👍")
    ann.takes_back(message)
    shown = bob.looks_up(message)
    assert (counts(shown), shown.message.has_reactions) == ([], False)
    assert not chat.services.reactions.of_message(ann.id, message.id, None, ALL).page.items
    for act in (reacts, takes_back):
        with chat.nothing_changes(), pytest.raises(MessageDeleted):
            act(bob, message, "👍")


def test_an_edit_keeps_the_reactions(ann, bob, message):
    reacts(bob, message, "👍")
    ann.rewrites(message, "hello again")
    assert counts(ann.looks_up(message)) == [("👍", 1, (bob.id,))]


def test_a_user_who_leaves_keeps_their_reactions(ann, bob, room, message):
    reacts(bob, message, "👍")
    bob.leaves(room)
    assert counts(ann.looks_up(message)) == [("👍", 1, (bob.id,))]


def test_only_a_participant_reacts_and_reads_reactions(chat, ann, carl, message, room):
    secret = ann.makes_room("Secret", private=True)
    hidden = ann.says("hush", in_=secret).message
    for act in (reacts, takes_back):
        for place, error in ((message, NotAParticipant), (hidden, MessageNotFound)):
            with chat.nothing_changes(), pytest.raises(error):
                act(carl, place, "👍")
    with pytest.raises(NotAParticipant):
        chat.services.reactions.of_message(carl.id, message.id, None, ALL)
    ann.bans(carl, from_=room)
    with pytest.raises(NotAParticipant):
        reacts(carl, message, "👍")


def test_every_role_reacts(chat, ann, bob, room, message):
    chat.gives_role(Role.MODERATOR, bob, room)
    for person in (ann, bob):
        reacts(person, message, "👍")
    assert counts(ann.looks_up(message)) == [("👍", 2, (ann.id, bob.id))]


def test_each_change_of_a_reaction_is_in_the_change_log(chat, bob, message):
    start = len(chat.memory.changes.log)
    for act, emoji in ((reacts, "❤"), (reacts, "❤"), (takes_back, "👍"), (takes_back, "❤")):
        act(bob, message, emoji)
    found = [(change.kind, change.emoji, change.is_added) for change in chat.memory.changes.log[start:]]
    assert found == [("reaction.changed", "❤\ufe0f", True), ("reaction.changed", "❤\ufe0f", False)]


def erases(person):
    person.chat.services.erasure.erase(person.caller, PASSWORD, Device())


def test_erasing_an_account_takes_its_reactions_back_with_an_event_each(chat, ann, bob, room, message):
    other = ann.says("more", in_=room).message
    for one in (message, other):
        reacts(bob, one, "👍")
    reacts(ann, message, "👍")
    bob.leaves(room)
    erases(bob)
    assert counts(ann.looks_up(message)) == [("👍", 1, (ann.id,))]
    assert ann.looks_up(other).message.has_reactions is False
    reactions = [change for change in chat.memory.changes.log if change.kind == "reaction.changed"]
    removed = [(change.user_id, change.message_id) for change in reactions if not change.is_added]
    assert removed == [(bob.id, message.id), (bob.id, other.id)]


def test_an_account_with_many_reactions_is_erased(chat, ann, bob, room):
    messages = [ann.says(f"{number}", in_=room).message for number in range(ERASE_BATCH + 1)]
    for one in messages:
        reacts(bob, one, "👍")
    erases(bob)
    assert not any(ann.looks_up(one).message.has_reactions for one in messages)


def test_a_reaction_that_arrives_during_the_erasure_goes_too(chat, ann, bob, message):
    reacts(bob, message, "👍")
    chat.meanwhile(lambda: reacts(bob, message, "🎉"))
    erases(bob)
    assert counts(ann.looks_up(message)) == []


def test_an_account_that_is_erased_during_the_request_cannot_react(chat, ann, bob, message):
    chat.meanwhile(lambda: erases(bob))
    with pytest.raises(SessionEnded):
        reacts(bob, message, "👍")
    assert counts(ann.looks_up(message)) == []


def test_an_export_has_the_reactions_and_pins_of_the_user(chat, ann, bob, room, message):
    reacts(bob, message, "👍")
    reacts(ann, message, "🎉")
    chat.services.pins.add(ann.id, message.id)
    export = chat.services.export.begin(ann.caller)
    assert [(one.message_id, one.emoji) for page in export.reactions for one in page] == [(message.id, "🎉")]
    assert [one.id for page in export.pins for one in page] == [message.id]
    assert [*chat.services.export.begin(bob.caller).pins] == []


def test_between_blocked_users_nobody_reacts_or_pins_anew_in_the_direct_chat(chat, ann, bob):
    room = ann.chats_with(bob)
    message = ann.says("hello", in_=room).message
    reacts(bob, message, "👍")
    chat.services.blocks.block(ann.id, bob.id)
    for person, error in ((bob, CannotMessage), (ann, YouBlocked)):
        for act in (lambda who: reacts(who, message, "🎉"), lambda who: chat.services.pins.add(who.id, message.id)):
            with chat.nothing_changes(), pytest.raises(error):
                act(person)
    assert counts(reacts(bob, message, "👍")) == [("👍", 1, (bob.id,))]
    assert counts(takes_back(bob, message, "👍")) == []


def test_a_block_does_not_keep_the_two_from_reacting_in_a_group(chat, ann, bob, message):
    chat.services.blocks.block(ann.id, bob.id)
    assert counts(reacts(bob, message, "👍")) == [("👍", 1, (bob.id,))]
