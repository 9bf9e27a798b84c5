"""Every fault once, in a short run of `make faults`; and tests of the checker itself."""

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from faults import report
from faults.checker import Verdict, verdict_on
from faults.deployment import on_sqlite
from faults.journal import Journal, Reaction
from faults.load import SMALL_CROWD, Crowd, load_on
from faults.readers import code, decoded
from faults.run import FAULTS, Bounds, deploy, run
from scale import IS_SLOW, scaled

SENDS = scaled(200, 10_000)
CROWD = SMALL_CROWD if not IS_SLOW else Crowd()
UNHURRIED = Bounds(answer=60, recovery=60)
"""A machine that runs all tests at once may be slow. `make faults` applies the real limits on an idle one."""


@pytest.fixture
def tell(capsys):
    """Print a sentence for each replacement of a missing permission."""

    def tell(sentence):
        with capsys.disabled():
            print(f"\n{sentence}")  # noqa: T201

    return tell


@pytest.mark.timeout(600)  # all faults strike, one after the other
@pytest.mark.parametrize("database", FAULTS)
def test_no_fault_loses_repeats_or_reorders_an_acknowledged_message(tmp_path, tell, database):
    faults = FAULTS[database]
    deployed = deploy(database, tmp_path, tell, faults)
    outcome = run(database, deployed, faults, sends=SENDS, strikes=len(faults), bounds=UNHURRIED, crowd=CROWD)
    assert outcome.verdict == Verdict()
    assert outcome.journal.server_errors == 0
    assert outcome.strikes == len(faults)
    assert len(outcome.journal.sends) >= SENDS
    assert outcome.journal.refused > 0
    assert outcome.journal.retried > 0


@pytest.mark.parametrize("database", FAULTS)
def test_the_reliability_page_lists_every_fault_without_a_loss(database):
    rows = report.read(database)
    assert [row[0] for row in rows] == [fault.name for fault in FAULTS[database]]
    figures: dict[str, Any] = dict(zip(report.COLUMNS, report.total(rows), strict=True))
    assert figures["acknowledged"] >= 100_000
    assert {figures[name] for name in ("lost", "twice", "out of order", "other 5xx")} == {0}
    assert figures["recovered after, s"] <= Bounds().recovery


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with (
        on_sqlite(tmp_path_factory.mktemp("site"), print, on_small_disk=False) as site,
        load_on(site, Journal(60), SMALL_CROWD) as load,
    ):
        load.wait_for_sends(200)
        load.wait_until(lambda: load.journal.reactions, "a reaction")
        load.finish()
        yield load


@pytest.fixture
def load(finished):
    """The finished load; its records are restored after the test."""
    journal = finished.journal
    kept = (
        copy.deepcopy(journal.sends),
        copy.copy(journal.changes),
        copy.copy(journal.reactions),
        copy.deepcopy(journal.pins),
        copy.copy(journal.blocks),
    )
    known = [(copy.copy(one.heard), copy.copy(one.reactions)) for one in finished.readers]
    yield finished
    journal.sends, journal.changes, journal.reactions, journal.pins, journal.blocks = kept
    journal.problems.clear()
    for reader, (heard, reactions) in zip(finished.readers, known, strict=True):
        reader.heard, reader.reactions = heard, reactions


class TestTheChecker:
    """Each test adds a false record or removes a true one."""

    def test_the_checker_accepts_a_correct_record(self, load):
        assert verdict_on(load) == Verdict()

    def test_the_checker_reports_a_lost_message(self, load):
        load.journal.sends.append(replace(load.journal.sends[-1], client_id="never"))
        assert verdict_on(load).lost == 1

    def test_the_checker_reports_a_message_with_other_content(self, load):
        load.journal.sends[-1].content = "Never said."
        assert verdict_on(load).lost == 1

    def test_the_checker_reports_a_stored_message_that_no_client_knows(self, load):
        load.journal.sends.pop()
        assert "which was never acknowledged" in verdict_on(load).problems[0]

    def test_the_checker_reports_a_message_with_another_number(self, load):
        load.journal.sends[-1].seq += 1
        assert verdict_on(load).disordered >= 1

    def test_the_checker_reports_a_message_before_one_acknowledged_earlier(self, load):
        room = load.journal.sends[0].room
        first, *_, last = sorted((one for one in load.journal.sends if one.room == room), key=lambda one: one.seq)
        last.acknowledged = first.invoked - 1
        assert verdict_on(load).disordered >= 1

    @pytest.mark.parametrize("place", range(7))
    def test_the_checker_reports_a_message_that_a_reader_missed(self, load, place):
        load.readers[place].heard.pop(a_creation(load.readers[place]))
        verdict = verdict_on(load)
        assert (verdict.lost, verdict.twice) == (1, 0)

    @pytest.mark.parametrize("place", range(7))
    def test_the_checker_reports_a_message_that_a_reader_received_twice(self, load, place):
        heard = load.readers[place].heard
        heard.append(heard[a_creation(load.readers[place])])
        verdict = verdict_on(load)
        assert (verdict.lost, verdict.twice) == (0, 1)

    @pytest.mark.parametrize("place", [0, 2, 4, 5, 6])
    def test_the_checker_reports_messages_of_a_room_in_another_order(self, load, place):
        reader = load.readers[place]
        room = load.rooms[0]
        numbers = {code("message.created", one.id) for one in load.journal.sends if one.room == room}
        one, other = [place for place, number in enumerate(reader.heard) if number in numbers][10:12]
        reader.heard[one], reader.heard[other] = reader.heard[other], reader.heard[one]
        assert verdict_on(load).disordered >= 1

    def test_the_checker_reports_two_readers_with_different_orders(self, load):
        heard = load.readers[4].heard
        rooms = {code("message.created", one.id): one.room for one in load.journal.sends}
        place = next(
            place for place, (one, other) in enumerate(pairwise(heard)) if rooms.get(one, 0) != rooms.get(other, 0)
        )
        heard[place], heard[place + 1] = heard[place + 1], heard[place]
        assert verdict_on(load).disordered == 1

    def test_the_checker_reports_an_edit_that_readers_missed(self, load):
        sent = next(one for one in load.journal.sends if one.room == load.rooms[2])
        load.journal.changes["message.updated", sent.id] += 1
        assert verdict_on(load).lost == 4  # by the four live readers of that room

    def test_the_checker_reports_a_lost_reaction(self, load):
        load.journal.reactions[Reaction(load.journal.sends[-1].id, load.owner.user_id, "\N{HOT BEVERAGE}")] = True
        verdict = verdict_on(load)
        assert verdict.lost >= 1
        assert any("the reactions" in problem for problem in verdict.problems)

    def test_the_checker_reports_a_reaction_that_was_taken_back(self, load):
        load.journal.reactions[a_reaction(load)] = False
        assert any("and not by []" in problem for problem in verdict_on(load).problems)

    def test_the_checker_reports_a_reaction_that_a_reader_missed(self, load):
        load.readers[0].heard.remove(code("reaction.changed", a_reaction(load).message))
        verdict = verdict_on(load)
        assert (verdict.lost, verdict.twice) == (1, 0)

    def test_the_checker_reports_a_reaction_that_a_reader_received_twice(self, load):
        load.readers[0].heard.append(code("reaction.changed", a_reaction(load).message))
        verdict = verdict_on(load)
        assert (verdict.lost, verdict.twice) == (0, 1)

    def test_the_checker_reports_the_wrong_state_of_a_reaction_at_a_reader(self, load):
        load.readers[0].reactions[a_reaction(load)] = False
        assert verdict_on(load).lost == 1

    def test_the_checker_reports_a_lost_pin(self, load):
        unpinned = next(
            sent for sent in load.journal.sends if sent.content and sent.id not in load.journal.pins[sent.room]
        )
        load.journal.pins[unpinned.room].append(unpinned.id)
        assert verdict_on(load).lost == 1

    def test_the_checker_reports_a_lost_block(self, load):
        load.journal.blocks[load.owner.user_id, load.owner.user_id] = True
        assert verdict_on(load).lost == 1

    def test_the_checker_reports_the_problem_of_a_client(self, load):
        load.journal.problem("POST /: 500")
        assert verdict_on(load).problems == ["POST /: 500"]


def a_reaction(load):
    """Return a reaction that is there."""
    deleted = {sent.id for sent in load.journal.sends if sent.content is None}
    return next(one for one, is_there in load.journal.reactions.items() if is_there and one.message not in deleted)


def a_creation(reader):
    """Return the position of a new message among a reader's events."""
    return [place for place, number in enumerate(reader.heard) if decoded(number)[0] == "message.created"][10]
