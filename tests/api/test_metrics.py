"""`/metrics`: its figures, and the addresses that may read them. (Over workers: tests/e2e/test_watching.py)"""

import pytest

from api.client import Answer, Chat, Person
from api.conftest import MakeChat, on_one_database
from minichat.domain.errors import Unavailable

pytestmark = on_one_database


def metrics(chat: Chat) -> dict[str, float]:
    """Return the samples by name and labels."""
    answer = chat.anyone.gets("/metrics")
    assert answer.status == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def requests(method: str, route: str, status: int) -> str:
    return f'minichat_http_requests_total{{method="{method}",route="{route}",status="{status}"}}'


def asked_from(chat: Chat, address: str | None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return chat.anyone.sends("GET", "/metrics", headers=named, environ_overrides={"REMOTE_ADDR": address})


@pytest.fixture
def fresh(make_new_chat: MakeChat) -> Chat:
    """A chat whose metrics are all 0."""
    return make_new_chat()


class TestCounts:
    def test_requests_count_by_route_and_not_by_path(self, fresh: Chat) -> None:
        ann = fresh.person("ann")
        for room in (ann.makes_room(), ann.makes_room()):
            ann.looks_at(room)
        ann.gets("/api/chat/rooms/99/")
        ann.gets("/api/chat/rooms/sesame/")
        found = metrics(fresh)
        assert found[requests("GET", "/api/chat/rooms/{room_id}/", 200)] == 2
        assert found[requests("GET", "/api/chat/rooms/{room_id}/", 404)] == 2
        assert found['minichat_http_request_duration_seconds_count{route="/api/chat/rooms/{room_id}/"}'] == 4

    def test_unknown_paths_and_methods_share_one_count(self, fresh: Chat) -> None:
        for number in range(20):
            fresh.anyone.sends("GET", f"/made-up-{number}")
            fresh.anyone.sends(f"MADEUP{number}", "/api/auth/me/")
        found = metrics(fresh)
        assert found[requests("GET", "unknown", 404)] == 20
        assert found[requests("unknown", "unknown", 405)] == 20
        assert not [name for name in found if "made" in name.lower()]

    def test_the_request_for_metrics_is_the_only_one_in_progress(self, fresh: Chat) -> None:
        fresh.person("ann").gets("/nothing")
        assert metrics(fresh)["minichat_http_requests_in_progress"] == 1

    def test_log_ins_count_by_outcome(self, make_new_chat: MakeChat) -> None:
        chat = make_new_chat(MINICHAT_RATE_LIMITS="on")
        names = [f'minichat_log_ins_total{{outcome="{outcome}"}}' for outcome in ("succeeded", "failed", "throttled")]
        assert [metrics(chat)[name] for name in names] == [0, 0, 0]
        chat.person("ann").logs_in()
        for _ in range(8):
            chat.anyone.posts("/api/auth/login/", username="ann", password="sesame-open")
        succeeded, failed, throttled = (metrics(chat)[name] for name in names)
        assert succeeded == 1
        assert failed >= 5
        assert throttled == 8 - failed > 0

    def test_retries_do_not_count_as_messages(self, fresh: Chat) -> None:
        ann = fresh.person("ann")
        room = ann.makes_room()
        ann.says("hello", in_=room, client_id="b7")
        assert ann.posts("/api/chat/messages/", room=room["id"], content="hello", client_id="b7").status == 200
        assert metrics(fresh)["minichat_messages_sent_total"] == 1

    def test_server_errors_count_by_code(self, fresh: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        ann = fresh.person("ann")

        def away(*_: object, **__: object) -> None:
            raise Unavailable("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(fresh.database, "execute_sql", away)
            assert ann.gets("/api/auth/me/").status == 503
        found = metrics(fresh)
        assert found['minichat_errors_total{code="unavailable"}'] == 1
        assert found[requests("GET", "/api/auth/me/", 503)] == 1

    def test_there_are_no_redis_metrics_without_redis(self, fresh: Chat) -> None:
        assert not [name for name in metrics(fresh) if "redis" in name]

    def test_the_metrics_name_the_version(self, fresh: Chat) -> None:
        version = fresh.document.document["info"]["version"]
        assert metrics(fresh)[f'minichat_build_info{{version="{version}"}}'] == 1


class TestAccess:
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
    def test_this_machine_may_read_by_default(self, chat: Chat, address: str) -> None:
        answer = asked_from(chat, address)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"

    @pytest.mark.parametrize("address", ["10.0.0.1", "128.0.0.1", "::2", "::ffff:10.0.0.1", "", None, "somewhere"])
    def test_other_machines_get_404(self, chat: Chat, address: str | None) -> None:
        refused = asked_from(chat, address, X_Request_ID="same")
        elsewhere = chat.anyone.sends("GET", "/nothing", headers={"X-Request-ID": "same"})
        assert (refused.status, refused.raw) == (404, elsewhere.raw)
        assert sorted(refused.headers) == sorted(elsewhere.headers)

    @pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP"])
    def test_a_client_behind_an_unknown_proxy_gets_404(self, chat: Chat, header: str) -> None:
        assert asked_from(chat, "127.0.0.1", **{header: "127.0.0.1"}).status == 404

    def test_a_client_is_known_behind_a_trusted_proxy(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_TRUSTED_PROXIES="1", MINICHAT_METRICS_FROM="192.0.2.0/24")
        assert asked_from(chat, "127.0.0.1", X_Forwarded_For="192.0.2.7").status == 200
        assert asked_from(chat, "127.0.0.1", X_Forwarded_For="192.0.2.7, 198.51.100.1").status == 404
        assert asked_from(chat, "127.0.0.1").status == 404

    def test_a_setting_names_the_networks_that_may_read(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_METRICS_FROM="10.1.0.0/16, 2001:db8::7")
        allowed = {"10.1.255.255": 200, "2001:db8::7": 200, "10.2.0.1": 404, "127.0.0.1": 404, "2001:db8::8": 404}
        assert {address: asked_from(chat, address).status for address in allowed} == allowed

    def test_an_empty_setting_admits_no_reader(self, make_chat: MakeChat) -> None:
        assert asked_from(make_chat(MINICHAT_METRICS_FROM=""), "127.0.0.1").status == 404

    def test_a_token_does_not_help(self, chat: Chat) -> None:
        ann: Person = chat.person("ann")
        answer = ann.sends("GET", "/metrics", environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
        assert answer.status == 404
