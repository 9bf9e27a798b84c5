"""The figures: what the server counts, and the page with charts of them."""

import pytest

from api.administrators import Browser
from api.client import Chat
from api.conftest import MakeChat, on_one_database
from minichat.domain.model import HOUR, Figure

PAGE = "/admin/figures/"


def counted(chat: Chat, figure: Figure, days: int = 1) -> int:
    """Store what was counted, and return the newest number."""
    app_context = chat.app.extensions["minichat"]
    app_context.tally.store()
    span = app_context.services.figures.span(days)
    return int(next(series.counts[-1] for series in span.series if series.figure is figure))


def test_the_server_counts_the_acts_of_its_users(make_new_chat: MakeChat) -> None:
    chat = make_new_chat()
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room()
    ann.says("hello", in_=room)
    before = counted(chat, Figure.REFUSALS)
    assert chat.anyone.posts("/api/auth/login/", username="ann", password="wrong password").status == 401
    assert bob.gets("/api/chat/rooms/99999/").status == 404
    assert counted(chat, Figure.REFUSALS) == before + 1
    assert ann.gets("/api/chat/events/").status == 200
    assert ann.gets("/api/chat/sync/", timeout=0).status == 200
    assert counted(chat, Figure.STREAMS) == 1
    assert counted(chat, Figure.REGISTRATIONS) == 2
    assert counted(chat, Figure.MESSAGES) == 1
    assert counted(chat, Figure.ACTIVE) == 2
    assert counted(chat, Figure.ACTIVE, 7) == 2


@on_one_database
class TestPage:
    def test_it_shows_a_chart_and_a_table_of_each_figure(self, chat: Chat, admin: Browser) -> None:
        hour = chat.clock() - chat.clock() % HOUR
        chat.app.extensions["minichat"].services.figures.record({(hour, Figure.MESSAGES): 1_234}, {})
        page = admin.sees(PAGE)
        assert page.count("<svg viewBox") == 5
        assert "<title>2025-01-06 09:00 UTC: 1234</title>" in page
        assert "1\u202f234 in total" in page
        assert 'role="table"' in page

    @pytest.mark.parametrize(("days", "bars"), [("1", 24), ("7", 7), ("30", 30), ("x", 24)])
    def test_each_span_has_its_periods(self, admin: Browser, days: str, bars: int) -> None:
        page = admin.sees(f"{PAGE}?days={days}")
        assert page.count('class="chart-bar"') == 5 * bars

    def test_the_figures_are_for_administrators(self, chat: Chat) -> None:
        assert Browser(chat).gets(PAGE).headers["Location"].startswith("/admin/sign-in/")

    def test_it_says_the_same_in_russian(self, admin: Browser) -> None:
        admin.submits("/admin/language/", PAGE, language="ru")
        assert "Статистика" in admin.sees(PAGE)
