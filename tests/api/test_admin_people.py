"""The pages of people in the administration: what they refuse, and what they never do."""

import re
from html import unescape

import pytest

from api.administrators import Browser, text
from api.client import PASSWORD, Chat, Person
from api.conftest import on_one_database

PAGE = "/admin/people/2/"
"""The page of the first person after `root`."""


@pytest.fixture
def ann(admin: Browser, chat: Chat) -> Person:
    return chat.person("ann", first_name="Ann", last_name="Lee")


def edit_form(admin: Browser) -> dict[str, str]:
    """The fields of the form that edits Ann, as the page fills them in."""
    page = admin.sees(f"{PAGE}edit/")
    fields = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields if name != "csrf_token"}


class TestLists:
    def test_people_are_found_by_a_part_of_a_name_and_by_a_verified_address_alone(
        self, chat: Chat, admin: Browser, ann: Person
    ) -> None:
        chat.person("bob")
        page = admin.sees("/admin/people/")
        assert "Ann Lee" in page
        assert "bob" in page
        assert "private.example" not in page
        assert "MINICHAT_REGISTRATION=open" in page
        assert "MINICHAT_DIRECTORY=everyone" in page
        found = admin.sees("/admin/people/?q=LEE")
        assert "Ann Lee" in found
        assert "bob" not in found
        assert "Nobody matches" in admin.sees(f"/admin/people/?q={ann.email}")
        services = chat.app.extensions["minichat"].services
        with services.superusers.transaction(account=2):
            assert services.superusers.user_store.verify_email(2, ann.email.casefold(), 1)
        assert "Ann Lee" in admin.sees(f"/admin/people/?q={ann.email.upper()}")

    def test_the_filter_and_the_order_stay_through_an_action_a_save_and_back(
        self, chat: Chat, admin: Browser, ann: Person
    ) -> None:
        chosen = "/admin/people/?state=active&order=newest&q="
        [person] = {unescape(link) for link in re.findall(r'href="(/admin/people/2/[^"]+)"', admin.sees(chosen))}
        page = admin.sees(person)
        assert f'href="{chosen.replace("&", "&amp;")}"' in page
        [edit] = {unescape(link) for link in re.findall(r'href="([^"]+/edit/[^"]*)"', page)}
        saved = admin.submits(edit, edit, **edit_form(admin) | {"first_name": "Anna"})
        assert saved.headers["Location"] == person
        assert f'href="{chosen.replace("&", "&amp;")}"' in admin.sees(person)

    def test_a_direct_chat_is_counted_and_never_named(self, chat: Chat, admin: Browser, ann: Person) -> None:
        bob = chat.person("bob", first_name="Secretive", last_name="Friend")
        ann.chats_with(bob)
        ann.makes_room("Tea", private=True)
        page = admin.sees(PAGE)
        assert "Tea" in page
        assert re.search(r"Direct chats</dt><dd>1<", page)
        assert "Secretive" not in page + admin.sees(f"{PAGE}groups/")

    @pytest.mark.parametrize("query", ["?state=x&order=y&cursor=x", "?q=%00", f"?q={'x' * 500}", "?q=@", "?q=a@"])
    def test_an_odd_query_breaks_nothing(self, admin: Browser, query: str) -> None:
        assert admin.gets(f"/admin/people/{query}").status_code == 200


class TestEditing:
    def test_a_stale_form_saves_nothing_and_keeps_its_input(self, chat: Chat, admin: Browser, ann: Person) -> None:
        first, second = edit_form(admin), edit_form(admin)
        assert admin.acts(f"{PAGE}edit/", **first | {"first_name": "Anna"}).status_code == 303
        refused = admin.acts(f"{PAGE}edit/", **second | {"last_name": "Smith"})
        assert refused.status_code == 409
        assert "Somebody has changed this meanwhile" in text(refused)
        assert 'value="Smith"' in text(refused)
        assert "<dd>Anna</dd>" in text(refused)
        assert edit_form(admin)["last_name"] == "Lee"
        assert edit_form(admin)["first_name"] == "Anna"

    def test_each_wrong_field_has_its_sentence(self, chat: Chat, admin: Browser, ann: Person) -> None:
        before = chat.dump()
        refused = admin.acts(f"{PAGE}edit/", **edit_form(admin) | {"username": "a b", "email": "nowhere"})
        assert refused.status_code == 400
        page = text(refused)
        assert page.count('aria-invalid="true"') == 2
        assert re.search(r'id="field-email-problem">\S', page)
        assert chat.dump() == before

    def test_a_taken_username_is_refused_at_its_field(self, chat: Chat, admin: Browser, ann: Person) -> None:
        for path, fields in (
            (f"{PAGE}edit/", edit_form(admin) | {"username": "ROOT"}),
            ("/admin/people/new/", {"username": "Ann", "password": PASSWORD}),
        ):
            refused = admin.acts(path, **fields)
            assert refused.status_code == 400
            assert re.search(r'id="field-username-problem">This username is taken', text(refused))

    def test_a_password_is_never_shown_again(self, admin: Browser) -> None:
        refused = admin.acts("/admin/people/new/", username="x", password="staple battery horse")
        assert refused.status_code == 400
        assert "staple battery horse" not in text(refused)


@on_one_database
class TestActs:
    def test_the_last_superuser_is_kept_with_a_sentence(self, admin: Browser) -> None:
        for act in ("disable", "revoke"):
            refused = admin.acts(f"/admin/people/1/{act}/")
            assert refused.status_code == 409
            assert "This is the last enabled superuser" in text(refused)
        refused = admin.acts("/admin/people/1/erase/", typed_name="root")
        assert refused.status_code == 409
        assert admin.is_in

    def test_an_erasure_needs_the_typed_name(self, chat: Chat, admin: Browser, ann: Person) -> None:
        assert admin.acts(f"{PAGE}erase/", typed_name="Ann").status_code == 400
        assert ann.is_logged_in
        assert admin.acts(f"{PAGE}erase/", typed_name="ann").headers["Location"] == "/admin/people/"
        assert "The account ann is erased" in admin.sees("/admin/people/")
        assert admin.gets(PAGE).status_code == 404
        assert not ann.is_logged_in

    def test_a_disabled_user_is_out_at_once_and_comes_back_when_enabled(
        self, chat: Chat, admin: Browser, ann: Person
    ) -> None:
        admin.acts(f"{PAGE}disable/")
        assert ann.gets("/api/auth/me/").code == "session_ended"
        admin.acts(f"{PAGE}enable/")
        assert ann.logs_in().is_logged_in

    def test_a_demoted_superuser_loses_the_administration_at_the_next_click(
        self, chat: Chat, admin: Browser, ann: Person
    ) -> None:
        admin.acts(f"{PAGE}grant/")
        second = Browser(chat)
        second.signs_in("ann")
        assert second.is_in
        token = second.form_token("/admin/people/1/disable/")
        admin.acts(f"{PAGE}revoke/")
        assert (
            second.posts("/admin/people/1/disable/", csrf_token=token).headers["Location"].startswith("/admin/sign-in/")
        )
        assert admin.is_in
        assert not second.is_in

    def test_a_password_link_is_shown_once_and_works_once(self, chat: Chat, admin: Browser, ann: Person) -> None:
        page = text(admin.acts(f"{PAGE}reset-link/"))
        [token] = re.findall(r"http://localhost/#reset=([\w.-]+)<", page)
        assert token not in admin.sees(PAGE)
        fields = {"token": token, "new_password": "staple battery horse"}
        assert chat.anyone.posts("/api/auth/password-reset/confirm/", **fields).status == 200
        assert chat.anyone.posts("/api/auth/password-reset/confirm/", **fields).code == "token_invalid"
        assert not ann.is_logged_in

    def test_a_new_account_without_a_password_gets_a_link(self, chat: Chat, admin: Browser) -> None:
        page = text(admin.acts("/admin/people/new/", username="dora", password=""))
        assert "http://localhost/#reset=" in page
        made = admin.acts("/admin/people/new/", username="eve", password=PASSWORD)
        assert re.fullmatch(r"/admin/people/\d+/\?back=.*", made.headers["Location"])
        assert chat.anyone.posts("/api/auth/login/", username="eve", password=PASSWORD).status == 200

    def test_one_session_of_somebody_is_ended(self, chat: Chat, admin: Browser, ann: Person) -> None:
        [end] = re.findall(r"/admin/people/2/sessions/\d+/end/", admin.sees(PAGE))
        admin.acts(end)
        assert not ann.is_logged_in
        assert admin.acts(end).headers["Location"] == PAGE
        assert "Session not found" in admin.sees(PAGE)

    def test_every_act_is_in_the_audit_log_with_its_author(self, chat: Chat, admin: Browser, ann: Person) -> None:
        acts = ("edit", "reset-link", "log-out", "grant", "revoke", "disable", "enable", "erase")
        ann.logs_in()
        for act in acts:
            fields = edit_form(admin) | {"last_name": "Smith"} if act == "edit" else {"typed_name": "ann"}
            assert admin.acts(f"{PAGE}{act}/", **fields).status_code in {200, 303}, act
        entries = chat.app.extensions["minichat"].services.audit_log.page(len(acts))[::-1]
        assert {entry.device.ip for entry in entries} == {"127.0.0.1"}
        assert all(entry.device.user_agent for entry in entries)
        assert [(entry.event.value, entry.user_id, entry.actor_id) for entry in entries] == [
            (event, 2, 1)
            for event in (
                "account.edited",
                "account.reset_link_made",
                "session.revoked",
                "account.superuser_granted",
                "account.superuser_revoked",
                "account.disabled",
                "account.enabled",
                "account.deleted",
            )
        ]
