"""Rate limits over two workers and a real Redis that is killed or hangs."""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from e2e.crowd import register
from e2e.crowd import wait_until as until
from e2e.streams import opened
from minichat.adapters.redis import TIMEOUT_SECONDS
from minichat.api.policy import PUBLIC_REQUESTS
from servers import PATIENCE, running_redis, serving

ME = "/api/auth/me/"
CROWD = 16
LOST = "Redis does not answer; this worker continues without it"
BACK = "Redis answers again"


@pytest.fixture
def redis(tmp_path):
    with running_redis(tmp_path) as redis:
        yield redis


@pytest.fixture
def server(tmp_path, redis):
    with serving(tmp_path, "--workers", "2", redis_url=redis.url) as server:
        yield server


def crowd(server, number):
    """Send that many requests without a token, CROWD at a time; return the answers and their times in seconds."""

    def ask(_):
        began = time.monotonic()
        return server.call("GET", ME), time.monotonic() - began

    with ThreadPoolExecutor(CROWD) as pool:
        answers, waits = zip(*pool.map(ask, range(number)), strict=True)
    return answers, waits


def passed_by_window(answers):
    """Return (passed, all) requests for each minute."""
    assert {answer.status for answer in answers} <= {401, 429}
    windows = defaultdict(list)
    for answer in answers:
        windows[answer.headers["X-RateLimit-Reset"]].append(answer.status == 401)
    return [(sum(passed), len(passed)) for passed in windows.values()]


def wait_until(server, *, says):
    deadline = time.monotonic() + PATIENCE
    while says not in server.said:
        assert time.monotonic() < deadline, server.said
        server.call("GET", ME)
        time.sleep(0.05)


def test_two_workers_share_one_rate_limit(server):
    # Without Redis, each worker would admit all of its share. If a minute ends meanwhile, both minutes are exact.
    answers, _ = crowd(server, PUBLIC_REQUESTS.max_requests + 100)
    for passed, asked in passed_by_window(answers):
        assert passed == min(asked, PUBLIC_REQUESTS.max_requests)
    assert server.call("GET", "/readyz").json == {"status": "ok", "redis": "ok"}


@pytest.mark.parametrize("fault", ["kill", "hang"])
def test_requests_stay_fast_while_redis_is_unavailable(server, redis, fault):
    crowd(server, 32)  # so that both workers are connected
    getattr(redis, fault)()
    answers, waits = crowd(server, 200)
    assert {answer.status for answer in answers} == {401}
    assert max(waits) < 2
    # Only the requests in progress at the time of the failure wait. Later the worker reconnects in the background.
    assert sum(wait > TIMEOUT_SECONDS for wait in waits) <= 2 * CROWD
    ready = server.call("GET", "/readyz")
    assert (ready.status, ready.json) == (200, {"status": "ok", "redis": "away"})
    assert 1 <= server.said.count(LOST) <= 2, server.said  # once a worker
    assert "Traceback" not in server.said

    redis.go_on()
    wait_until(server, says=BACK)
    # Each worker reconnects by itself.
    until(lambda: all(server.call("GET", "/readyz").json["redis"] == "ok" for _ in range(20)), "both have found it")


def test_a_server_starts_without_redis_and_connects_later(tmp_path):
    with running_redis(tmp_path) as redis:
        redis.kill()
        with serving(tmp_path, "--workers", "2", redis_url=redis.url) as server:
            assert server.call("GET", ME).status == 401
            redis.go_on()
            wait_until(server, says=BACK)


def test_a_server_with_open_streams_stops_in_time_though_redis_hangs(server, redis):
    (ann,) = register(server, "ann")
    with ExitStack() as stack:
        for _ in range(8):
            assert stack.enter_context(closing(opened(ann, "/api/chat/events/"))).status == 200
        redis.hang()
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 9  # after ten seconds the workers would be killed
    assert "Traceback" not in server.said


def test_the_password_of_redis_is_in_no_log(tmp_path):
    with serving(tmp_path, redis_url="redis://:hunter22@127.0.0.1:9/0") as server:
        assert server.call("GET", ME).status == 401
        assert LOST in server.said
        assert "hunter22" not in server.said
