"""Receipts wait for a multiple of the time that the last sending took, and never for long."""

import pytest

from minichat.live.pacing import MAX_PAUSE_SECONDS, SHARE, Pace


def test_receipts_need_not_wait_at_first() -> None:
    assert Pace(lambda: 7.0).pause_seconds() == 0


@pytest.mark.parametrize(("took", "pause"), [(0.0, 0.0), (0.001, SHARE * 0.001), (3.0, MAX_PAUSE_SECONDS)])
def test_receipts_wait_in_proportion_to_the_last_sending(took: float, pause: float) -> None:
    now = [5.0]
    pace = Pace(lambda: now[0])
    now[0] += took
    pace.sent(5.0)
    assert pace.pause_seconds() == pytest.approx(pause)
    now[0] += pause / 2
    assert pace.pause_seconds() == pytest.approx(pause / 2)
    now[0] += pause
    assert pace.pause_seconds() == 0
