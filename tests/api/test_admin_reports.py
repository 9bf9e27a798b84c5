"""The administration's pages of reports: the queue, one report, the decisions, and two administrators at once."""

import re

import pytest

from api.administrators import Browser
from api.client import PASSWORD, Chat, Json, Person
from api.conftest import on_one_database

pytestmark = on_one_database


@pytest.fixture
def said(ann: Person, bob: Person) -> Json:
    return bob.says("buy this", in_=ann.makes_room("Tea", with_=[bob]))


@pytest.fixture
def report(ann: Person, said: Json) -> str:
    """The address of ann's report of bob's message."""
    ann.posts(f"/api/chat/messages/{said['id']}/report/", reason="spam", comment="again")
    return "/admin/reports/1/"


def test_the_queue_shows_no_texts_and_a_report_shows_them(admin: Browser, report: str) -> None:
    queue = admin.sees("/admin/reports/")
    assert "Report 1" in queue
    assert "buy this" not in queue
    assert "again" not in re.sub("Try again", "", queue)
    opened = admin.sees(report)
    assert "buy this" in opened
    assert "again" in opened
    assert "Report opened" in admin.sees("/admin/audit/")


def test_a_decision_leads_back_to_the_queue_with_its_filter(admin: Browser, report: str) -> None:
    back = "/admin/reports/%3Fstate%3Dany"
    answer = admin.acts(f"{report}dismiss/?seen=open&back={back}")
    assert answer.headers["Location"] == "/admin/reports/?state=any"
    assert "The report is dismissed." in admin.sees("/admin/reports/?state=any")
    assert "No report is waiting" in admin.sees("/admin/reports/")
    assert "Report 1" in admin.sees("/admin/reports/?state=dismissed")
    admin.acts(f"{report}reopen/?seen=dismissed")
    assert "Report 1" in admin.sees("/admin/reports/")


def test_the_second_administrator_sees_the_name_of_the_first(
    chat: Chat, admin: Browser, report: str, bob: Person
) -> None:
    chat.app.extensions["minichat"].services.registration.create_superuser("eve-admin", PASSWORD)
    other = Browser(chat)
    other.signs_in("eve-admin")
    admin.acts(f"{report}dismiss/?seen=open")
    for action in ("act-on", "dismiss", "delete-message"):
        answer = other.acts(f"{report}{action}/?seen=open")
        assert answer.headers["Location"] == report
        assert "root was faster: the report is dismissed" in other.sees(report)
    assert bob.gets("/api/chat/messages/1/").body["content"] == "buy this"


def test_the_reported_message_is_deleted_and_its_author_disabled(
    admin: Browser, report: str, bob: Person, said: Json
) -> None:
    page = admin.sees(report)
    [disable] = re.findall(rf'href="(/admin/people/{bob.id}/disable/[^"]*)"', page)
    answer = admin.acts(f"{report}delete-message/?seen=open")
    assert answer.headers["Location"] == report
    assert bob.gets(f"/api/chat/messages/{said['id']}/").body["is_deleted"] is True
    page = admin.sees(report)
    assert "buy this" in page
    assert "acted on" in page
    assert admin.acts(disable.replace("&amp;", "&")).headers["Location"] == report
    assert bob.gets("/api/auth/me/").code == "session_ended"
    assert disable not in admin.sees(report)


def test_a_report_of_a_direct_chat_leads_to_no_room(admin: Browser, ann: Person, bob: Person) -> None:
    said = bob.says("buy this", in_=bob.chats_with(ann))
    ann.posts(f"/api/chat/messages/{said['id']}/report/", reason="abuse")
    page = admin.sees("/admin/reports/1/")
    assert "a direct chat" in page
    assert "/admin/messages/" not in page
    assert "/admin/rooms/1" not in page


def test_an_edited_message_is_shown_as_it_was_reported(admin: Browser, report: str, bob: Person, said: Json) -> None:
    bob.sends("PATCH", f"/api/chat/messages/{said['id']}/", json={"content": "harmless"})
    page = admin.sees(report)
    assert "buy this" in page
    assert "harmless" not in page
    assert "edited the message since" in page


def test_a_demoted_superuser_decides_nothing(chat: Chat, admin: Browser, report: str) -> None:
    token = admin.form_token(f"{report}dismiss/?seen=open")
    chat.sql('UPDATE "user" SET is_superuser = FALSE')
    assert "/sign-in/" in admin.posts(f"{report}dismiss/?seen=open", csrf_token=token).headers["Location"]
    assert chat.sql("SELECT state FROM report").fetchall() == [("open",)]
