"""Figures about the use of the server: what is counted, and the spans that the administration shows."""

import pytest

from minichat.domain.errors import ChatError
from minichat.domain.model import DAY, HOUR, Device, Figure


def hour_of(chat):
    return chat.clock() - chat.clock() % HOUR


def counts(chat, figure, days=1):
    span = chat.services.figures.span(days)
    return next(list(series.counts) for series in span.series if series.figure is figure)


def test_the_services_count_what_happens(chat):
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    ann.says("hello", in_=room, client_id="a")
    ann.says("hello", in_=room, client_id="a")
    with pytest.raises(ChatError):
        ann.says("", in_=room)
    tally = chat.ports.tally
    assert tally.counts == {Figure.REGISTRATIONS: 2, Figure.MESSAGES: 1}
    assert tally.active == {ann.id, bob.id}


def test_a_request_and_an_open_stream_make_somebody_active(chat, ann, bob):
    tally = chat.ports.tally
    tally.active.clear()
    chat.clock.advance(60)
    chat.services.sessions.note_activity(ann.caller)
    assert tally.active == {ann.id}
    chat.services.presence.keep_online([bob.id])
    assert tally.active == {ann.id, bob.id}
    tally.active.clear()
    bob.refreshes()
    assert tally.active == {bob.id}
    tally.active.clear()
    ann.logs_in(device=Device("phone"))
    assert tally.active == {ann.id}


def test_a_day_shows_the_last_24_hours(chat):
    hour = hour_of(chat)
    chat.services.figures.record({(hour - 24 * HOUR, Figure.MESSAGES): 9}, {})
    chat.services.figures.record({(hour - 23 * HOUR, Figure.MESSAGES): 2, (hour, Figure.MESSAGES): 3}, {})
    chat.services.figures.record({(hour, Figure.MESSAGES): 4}, {})
    span = chat.services.figures.span(1)
    assert (len(span.periods), span.periods[-1], span.is_hourly) == (24, hour, True)
    assert counts(chat, Figure.MESSAGES) == [2, *[0] * 22, 7]


def test_longer_spans_count_by_the_day(chat):
    hour = hour_of(chat)
    today = hour - hour % DAY
    for period in (hour, today, today - HOUR, today - 6 * DAY, today - 7 * DAY):
        chat.services.figures.record({(period, Figure.REFUSALS): 1}, {})
    span = chat.services.figures.span(7)
    assert (len(span.periods), span.periods[-1], span.is_hourly) == (7, today, False)
    assert counts(chat, Figure.REFUSALS, 7) == [1, 0, 0, 0, 0, 1, 2]
    assert sum(counts(chat, Figure.REFUSALS, 30)) == 5


def test_somebody_active_counts_once_in_an_hour_and_once_in_a_day(chat, ann, bob):
    hour = hour_of(chat)
    record = chat.services.figures.record
    record({}, {hour: [ann.id]})
    record({}, {hour: [ann.id, bob.id, ann.id]})
    chat.clock.advance(3_600)
    record({}, {hour + HOUR: [ann.id]})
    assert counts(chat, Figure.ACTIVE)[-2:] == [2, 1]
    assert counts(chat, Figure.ACTIVE, 7)[-1] == 2
    chat.clock.advance(DAY / 1000)
    record({}, {hour + HOUR + DAY: [ann.id]})
    assert counts(chat, Figure.ACTIVE, 7)[-2:] == [2, 1]


def test_an_erased_account_is_not_marked_again(chat, ann):
    hour = hour_of(chat)
    chat.services.figures.record({}, {hour: [ann.id]})
    chat.services.erasure.erase(ann.caller, "correct horse battery")
    assert not chat.memory.store.tables.activity
    chat.services.figures.record({}, {hour + HOUR: [ann.id]})
    assert not chat.memory.store.tables.activity


def test_old_counts_are_pruned(chat):
    hour = hour_of(chat)
    chat.services.figures.record({(hour - 401 * DAY, Figure.MESSAGES): 1, (hour, Figure.MESSAGES): 1}, {})
    swept = {kind.value: number for kind, number in chat.services.retention.apply()}
    assert swept["figures of past hours"] == 1
    assert counts(chat, Figure.MESSAGES)[-1] == 1
