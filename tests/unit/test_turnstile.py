"""A turnstile lets every caller pass, one at a time."""

from concurrent.futures import ThreadPoolExecutor

from minichat.live.turnstile import Turnstile

TIMEOUT_SECONDS = 10.0


def test_every_caller_passes() -> None:
    turnstile = Turnstile()
    with ThreadPoolExecutor(20) as threads:
        passed = [threads.submit(turnstile.pass_through) for _ in range(200)]
        assert [one.result(TIMEOUT_SECONDS) for one in passed] == [None] * 200
