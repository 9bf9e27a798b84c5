"""`/api/auth/`: registration, the account, the profile, people, presence."""

import socket
import unicodedata
from collections.abc import Callable
from unittest import mock

import pytest
from argon2 import PasswordHasher

from api.client import PASSWORD, Chat
from api.conftest import MakeChat, on_each_database, on_one_database
from launcher import cheap_hashing
from minichat.adapters import passwords
from minichat.adapters.passwords import Argon2Passwords

ACCOUNT = {
    "id",
    "username",
    "first_name",
    "last_name",
    "full_name",
    "avatar",
    "email",
    "email_verified",
    "date_joined",
    "profile",
}
PERSON = {"id", "username", "first_name", "last_name", "full_name", "avatar", "is_online", "last_seen"}
NOW = "2025-01-06T09:30:00.123Z"


def cheap_argon2() -> Argon2Passwords:
    with mock.patch.multiple(passwords, **cheap_hashing()):
        return Argon2Passwords()


@on_one_database
class TestRegistering:
    @on_each_database
    def test_registration_returns_an_account_and_a_working_token_pair(self, chat: Chat) -> None:
        answer = chat.anyone.posts(
            "/api/auth/register/",
            username="ann",
            password=PASSWORD,
            password_confirm=PASSWORD,
            email="ann@example.com",
            first_name="Ann",
            last_name="Lee",
        )
        assert answer.status == 201
        assert answer.body["user"] == {
            "id": 1,
            "username": "ann",
            "first_name": "Ann",
            "last_name": "Lee",
            "full_name": "Ann Lee",
            "avatar": "http://localhost/avatars/1-A.svg",
            "email": "ann@example.com",
            "email_verified": False,
            "date_joined": NOW,
            "profile": {"is_online": True, "last_seen": NOW, "avatar": "http://localhost/avatars/1-A.svg"},
        }
        token = answer.body["tokens"]["access"]
        me = chat.anyone.sends("GET", "/api/auth/me/", headers={"Authorization": f"Bearer {token}"})
        assert me.body == answer.body["user"]

    def test_registration_needs_only_a_name_and_a_password(self, chat: Chat) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="ann", password=PASSWORD)
        assert answer.status == 201
        assert answer.body["user"]["full_name"] == answer.body["user"]["email"] == ""

    def test_greek_names_that_differ_by_a_final_sigma_are_the_same(self, chat: Chat) -> None:
        nikos = chat.person("Νίκος")
        assert nikos.username == "Νίκος"
        for name in ("νίκος", "νίκοσ", "ΝΊΚΟΣ"):
            assert chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD).code == "username_taken"
            assert chat.anyone.posts("/api/auth/login/", username=name, password=PASSWORD).status == 200

    @on_each_database
    @pytest.mark.parametrize("name", ["ann", "ANN", "Ann", "ａｎｎ", " ann "])
    def test_a_taken_name_is_409_in_every_form(self, chat: Chat, name: str) -> None:
        chat.person("Ann")
        answer = chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD)
        assert (answer.status, answer.code) == (409, "username_taken")

    def test_the_name_is_shown_as_it_was_typed(self, chat: Chat) -> None:
        assert chat.person("Ann-Lee_1.x").username == "Ann-Lee_1.x"

    @pytest.mark.parametrize(
        ("name", "other"),
        [
            ("éva-7", "e\u0301va-7"),
            ("ÉVA-7", "éva-7"),
            ("Анна", "аННА"),
            ("カタカナ", "ｶﾀｶﾅ"),
            ("ＡＮＮ７", "ann7"),
            ("Straße", "straße"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ],
        ids=ascii,
    )
    def test_spellings_of_one_name_cannot_be_two_accounts(self, chat: Chat, name: str, other: str) -> None:
        chat.person(name)
        answer = chat.anyone.posts("/api/auth/register/", username=other, password=PASSWORD)
        assert (answer.status, answer.code) == (409, "username_taken")
        login = chat.anyone.posts("/api/auth/login/", username=other, password=PASSWORD)
        assert (login.status, login.body["user"]["username"]) == (200, name)

    @pytest.mark.parametrize("name", ["анна", "たなか", "田中さん", "ünal", "user.name", "123", "x" * 32])
    def test_a_name_may_use_letters_of_any_script(self, chat: Chat, name: str) -> None:
        assert chat.person(name).username == name

    @pytest.mark.parametrize(
        "name",
        [
            *[
                "",
                "  ",
                "ab",
                "x" * 33,
                "a b c",
                "ann!",
                "ann@home",
                "а\u200bnn",
                "ann\u0000",
                "a\tb",
                "ann/../bob",
                "😀😀😀",
            ],
            # Invisible characters: zero-width, soft hyphens, fillers, variation selectors, tags, joiners.
            *[
                "a\u200bnn",
                "a\u200dnn",
                "a\u2060nn",
                "ann\ufeff",
                "ann\xad",
                "ann\ufe0f",
                "ann\u034f",
                "a\u115fnn",
                "a\u3164nn",
            ],
            *["a\U000e0061nn", "ann\u180b"],
            # Characters that change the direction, and digits of several scripts.
            *["a\u202enn", "ann\u202c", "\u200fann", "a\u2066nn", "ann\u061c", "1אבג", "ann٣"],
            # Two scripts, and letters with a compatibility form.
            *["аnn", "annו", "anո", "ꓮnn", "ᎪNN", "ﬁona", "ℌenry", "𝐚𝐧𝐧", "①②③", "ann²", "ªnn", "ſam", "ǆakov"],
            # Marks that the eye can miss.
            *["\u0301ann", "ann\u0335", "i\u0307van", "u\u0308\u0308rsel", "ann\u20dd", "a" + "\u0301" * 31 + "b"],
        ],
        ids=ascii,
    )
    def test_an_invalid_name_is_refused_by_field(self, chat: Chat, name: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD)
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", {"username"})

    @pytest.mark.parametrize("name", ["дmitry", "pаypal", "ωmega"], ids=ascii)
    def test_a_name_cannot_mix_scripts_that_look_alike(self, chat: Chat, name: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD)
        assert (answer.status, set(answer.errors)) == (400, {"username"})

    @pytest.mark.parametrize("name", ["田中taro", "さくらsakura", "김minsu"], ids=ascii)
    def test_a_name_can_mix_scripts_that_are_used_together(self, chat: Chat, name: str) -> None:
        assert chat.person(name).username == name

    @pytest.mark.parametrize(
        "password", ["", "short12", "x" * 1025, "anna-lee", "ANNA-LEE", "nul\u0000 inside"], ids=ascii
    )
    def test_a_weak_password_is_refused_by_field(self, chat: Chat, password: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="anna-lee", password=password)
        assert (answer.status, set(answer.errors)) == (400, {"password"})

    @pytest.mark.parametrize(
        "password",
        ["password", "PassWord", "12345678", "QWERTYuiop", "iloveyou", "football", "Michelle7", "24121987", "lkjhgfds"],
    )
    def test_a_common_password_is_refused_in_upper_and_lower_case(self, chat: Chat, password: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="ann", password=password)
        assert (answer.status, set(answer.errors)) == (400, {"password"})
        assert "easy to guess" in answer.errors["password"][0]

    @pytest.mark.parametrize(
        "password", ["éva-maria", "ÉVA-MARIA", "e\u0301va-maria", "ｅ\u0301ｖａ-maria", " éva-maria "]
    )
    def test_the_password_cannot_be_the_username_in_any_form(self, chat: Chat, password: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="Éva-Maria", password=password)
        assert (answer.status, set(answer.errors)) == (400, {"password"})
        assert "username" in answer.errors["password"][0]

    @pytest.mark.parametrize("name", ["deleted-user-1", "Deleted-User-x", "ｄｅｌｅｔｅｄ-user-2"])
    def test_a_new_name_cannot_look_like_an_erased_account(self, chat: Chat, name: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD)
        assert (answer.status, set(answer.errors)) == (400, {"username"})
        assert "deleted accounts" in answer.errors["username"][0]
        russian = chat.anyone.sends(
            "POST",
            "/api/auth/register/",
            json={"username": name, "password": PASSWORD},
            headers={"Accept-Language": "ru"},
        )
        assert "удалённых" in russian.errors["username"][0]

    def test_every_character_of_a_long_password_counts(self, chat: Chat) -> None:
        chat.person("ann", password="x" * 1023 + "y")
        login = {"username": "ann", "password": "x" * 1024}
        assert chat.anyone.posts("/api/auth/login/", **login).status == 401
        login["password"] = "x" * 1023 + "y"
        assert chat.anyone.posts("/api/auth/login/", **login).status == 200

    @pytest.mark.parametrize(
        ("password", "other"),
        [
            ("é" * 1024, "é" * 1023 + "e"),
            ("e\u0301" * 1024, "e\u0301" * 1023 + "e"),
            ("e\u0301" * 1024, "e\u0301" * 1023),
            ("🔑" * 1024, "🔑" * 1023 + "🔒"),
            ("x" * 72 + "y", "x" * 72 + "z"),
            (" " + PASSWORD, PASSWORD),
            (PASSWORD, PASSWORD + "\u0000"),
            (PASSWORD, PASSWORD + "\u0000x"),
            (PASSWORD, PASSWORD.upper()),
        ],
        ids=lambda text: ascii(text)[-24:],
    )
    def test_every_code_point_of_a_password_counts(self, make_chat: MakeChat, password: str, other: str) -> None:
        chat = make_chat(passwords=cheap_argon2)
        chat.person("ann", password=password)
        assert chat.anyone.posts("/api/auth/login/", username="ann", password=other).status == 401
        same = unicodedata.normalize("NFC", password), unicodedata.normalize("NFD", password)
        for form in same:
            assert chat.anyone.posts("/api/auth/login/", username="ann", password=form).status == 200

    @pytest.mark.parametrize(
        ("password", "status"),
        [
            ("x7Kq-p2", 400),
            ("x7Kq-p2V", 201),
            ("e\u0301" * 7, 400),
            ("e\u0301" * 4 + "a\u030a" * 4, 201),
            ("e\u0301" * 1024, 201),
            ("e\u0301" * 1025, 400),
            (" " * 8, 400),
        ],
        ids=lambda text: ascii(text)[:24],
    )
    def test_the_length_of_a_password_is_measured_in_its_normal_form(
        self, chat: Chat, password: str, status: int
    ) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="ann", password=password)
        assert (answer.status, set(answer.errors)) == (status, {"password"} if status == 400 else set())

    def test_the_confirmation_must_equal_the_password(self, chat: Chat) -> None:
        answer = chat.anyone.posts(
            "/api/auth/register/", username="ann", password=PASSWORD, password_confirm=PASSWORD + "x"
        )
        assert (answer.status, set(answer.errors)) == (400, {"password_confirm"})

    def test_an_email_address_is_stored_in_its_normal_form(self, chat: Chat) -> None:
        form = {"username": "ann", "password": PASSWORD, "email": " Анна.Ли@ПРИМЕР.рф "}
        assert chat.anyone.posts("/api/auth/register/", **form).body["user"]["email"] == "Анна.Ли@пример.рф"

    @pytest.mark.parametrize(
        "email",
        [
            *["ann", "@example.com", "ann@", "ann@example", "a b@example.com", "a@b@c.de", "Ann <ann@example.com>"],
            *['"a b"@example.com', "ann@[192.0.2.1]", "ann@localhost", "a..b@example.com", "ann@ex_ample.com"],
        ],
    )
    def test_an_invalid_email_address_is_refused(self, chat: Chat, email: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="ann", password=PASSWORD, email=email)
        assert (answer.status, set(answer.errors)) == (400, {"email"})

    def test_every_wrong_field_is_reported_at_once(self, chat: Chat) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username="a b", password="x", email="x", first_name="x" * 151)
        assert set(answer.errors) == {"username", "password", "email", "first_name"}

    def test_a_refused_registration_stores_nothing(self, chat: Chat) -> None:
        before = chat.dump(without=())
        chat.anyone.posts("/api/auth/register/", username="ann", password="x")
        assert chat.dump(without=()) == before


class TestLoggingIn:
    def test_a_log_in_answers_like_a_registration(self, chat: Chat) -> None:
        ann = chat.person("ann", first_name="Ann")
        answer = chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD)
        assert answer.status == 200
        assert set(answer.body) == {"user", "tokens", "message"}
        assert answer.body["user"] == ann.user

    @pytest.mark.parametrize("name", ["ANN", "ａｎｎ", " ann "])
    def test_the_name_is_compared_as_at_registration(self, chat: Chat, name: str) -> None:
        chat.person("Ann")
        assert chat.anyone.posts("/api/auth/login/", username=name, password=PASSWORD).status == 200

    def test_a_wrong_name_and_a_wrong_password_answer_the_same_bytes(self, chat: Chat) -> None:
        chat.person("ann")
        tries = [
            {"username": "ann", "password": "wrong horse battery"},
            {"username": "nobody", "password": PASSWORD},
            {"username": "", "password": PASSWORD},
            {"username": "no such name!", "password": ""},
            {"username": "ann", "password": ""},
            {"username": "ann", "password": "x" * 5000},
            {"username": "ann\u0000", "password": PASSWORD},
            {"username": "ann", "password": PASSWORD + "\u0000"},
        ]
        answers = [
            chat.anyone.sends("POST", "/api/auth/login/", json=form, headers={"X-Request-ID": "same"}) for form in tries
        ]
        assert {(answer.status, answer.code) for answer in answers} == {(401, "invalid_credentials")}
        assert len({answer.raw for answer in answers}) == 1

    def test_a_password_is_compared_in_one_normal_form(self, chat: Chat) -> None:
        chat.person("ann", password="café-au-lait")
        answer = chat.anyone.posts("/api/auth/login/", username="ann", password="cafe\u0301-au-lait")
        assert answer.status == 200

    @on_one_database
    def test_passwords_are_hashed_with_argon2id_and_checked(self, make_chat: MakeChat) -> None:
        chat = make_chat(passwords=Argon2Passwords)
        ann = chat.person("ann")
        (stored,) = chat.sql('SELECT password_hash FROM "user"').fetchone()
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert ann.logs_in().is_logged_in
        answer = chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD + "x")
        assert (answer.status, answer.code) == (401, "invalid_credentials")

    @on_one_database
    def test_an_outdated_hash_is_replaced_at_log_in(self, make_chat: MakeChat) -> None:
        chat = make_chat(passwords=Argon2Passwords)
        chat.person("ann")
        old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
        chat.sql('UPDATE "user" SET password_hash = ?', old)
        assert chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD).status == 200
        (stored,) = chat.sql('SELECT password_hash FROM "user"').fetchone()
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


class TestProfile:
    def test_me_and_profile_return_the_same_account(self, chat: Chat) -> None:
        ann = chat.person("ann")
        assert set(ann.gets("/api/auth/me/").body) == ACCOUNT
        assert ann.gets("/api/auth/profile/").body == ann.gets("/api/auth/me/").body

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_change_keeps_the_fields_that_it_does_not_name(self, chat: Chat, method: str) -> None:
        ann = chat.person("ann", first_name="Ann", last_name="Lee")
        answer = ann.sends(method, "/api/auth/profile/", json={"last_name": " Ray ", "email": "new@example.com"})
        assert answer.status == 200
        assert (answer.body["full_name"], answer.body["email"]) == ("Ann Ray", "new@example.com")
        assert ann.gets("/api/auth/me/").body == answer.body
        assert ann.sends(method, "/api/auth/profile/", json={}).body == answer.body

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_profile_may_be_sent_back_as_it_was_returned(self, chat: Chat, method: str) -> None:
        ann = chat.person("ann", first_name="Ann")
        account = ann.gets("/api/auth/profile/").body
        answer = ann.sends(method, "/api/auth/profile/", json=account)
        assert (answer.status, answer.body) == (200, account)

    def test_the_picture_is_the_users_url_or_the_placeholder(self, chat: Chat) -> None:
        ann = chat.person("ann")
        placeholder = ann.user["avatar"]
        url = "https://pictures.example/ann.png?size=1"
        assert ann.patches("/api/auth/profile/", avatar=url).body["avatar"] == url
        assert ann.patches("/api/auth/profile/", avatar=url).body["profile"]["avatar"] == url
        assert ann.patches("/api/auth/profile/", avatar="").body["avatar"] == placeholder
        assert ann.patches("/api/auth/profile/", avatar=placeholder).body["avatar"] == placeholder

    def test_only_the_users_own_placeholder_is_recognised(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        assert set(ann.patches("/api/auth/profile/", avatar=bob.user["avatar"]).errors) == {"avatar"}

    @pytest.mark.parametrize(
        "url",
        [
            "http://pictures.example/ann.png",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "//pictures.example/ann.png",
            "https://",
            "https:///ann.png",
            "https://user:secret@pictures.example/",
            "https://pictures.example/a b",
            'https://pictures.example/"onload=',
            "https://pictures.example:99999/",
            "https://[::1",
            "https://x/" + "x" * 500,
            "ftp://pictures.example/",
            "ann.png",
        ],
    )
    def test_an_invalid_avatar_address_is_refused(self, chat: Chat, url: str) -> None:
        answer = chat.person("ann").patches("/api/auth/profile/", avatar=url)
        assert (answer.status, set(answer.errors)) == (400, {"avatar"})

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_an_avatar_address_is_never_looked_up_or_fetched(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        asked: list[object] = []

        def watched(ask: Callable[..., object]) -> Callable[..., object]:
            def note(*what: object, **_: object) -> object:
                if isinstance(what[0], socket.socket) and what[0].family == socket.AF_UNIX:
                    return ask(*what)  # a thread of another app of this process goes to its Redis
                asked.append(what)
                raise OSError

            return note

        ann = chat.person("ann")
        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
            monkeypatch.setattr(socket, name, watched(getattr(socket, name)))
        assert ann.sends(method, "/api/auth/profile/", json={"avatar": "https://pictures.example/a.png"}).status == 200
        assert ann.gets("/api/auth/me/").body["avatar"] == "https://pictures.example/a.png"
        assert asked == []

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_profile_with_one_wrong_field_is_not_changed_at_all(self, chat: Chat, method: str) -> None:
        ann = chat.person("ann", first_name="Ann")
        form = {"first_name": "Eve", "last_name": "x" * 151, "email": "x", "avatar": "x"}
        answer = ann.sends(method, "/api/auth/profile/", json=form)
        assert (answer.status, set(answer.errors)) == (400, {"last_name", "email", "avatar"})
        assert ann.gets("/api/auth/me/").body["first_name"] == "Ann"

    def test_the_server_draws_the_placeholder(self, chat: Chat) -> None:
        for name in ("ann", "ёжик", "ßeta", "7up"):
            url = chat.person(name).user["avatar"]
            answer = chat.anyone.follows(url)
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
            assert "max-age" in answer.headers["Cache-Control"]
            assert name.upper()[0] in answer.text
        named = chat.person("bob", first_name="🎉", last_name="émile")
        assert "É" in chat.anyone.follows(named.user["avatar"]).text

    @pytest.mark.parametrize("name", ["1-%3Cscript%3E", "1-AB", "0-A", "x-A", "1-", "1-%00", "1-%0A", "9" * 30 + "-A"])
    def test_an_invalid_placeholder_address_is_404(self, chat: Chat, name: str) -> None:
        assert chat.anyone.gets(f"/avatars/{name}.svg").status == 404

    @pytest.mark.parametrize("letter", ["%3C", "%26", "%22", "%27"])
    def test_a_placeholder_can_hold_no_markup(self, chat: Chat, letter: str) -> None:
        answer = chat.anyone.gets(f"/avatars/1-{letter}.svg")
        assert answer.status == 404 or "&" in answer.text


class TestChangingThePassword:
    def test_a_password_change_ends_all_sessions_except_this_one(self, chat: Chat) -> None:
        ann = chat.person("ann")
        phone, old_refresh = ann.logs_in(), ann.refresh
        answer = ann.posts(
            "/api/auth/change-password/",
            old_password=PASSWORD,
            new_password="new horse battery",
            new_password_confirm="new horse battery",
        )
        assert answer.status == 200
        assert set(answer.body) == {"message", "tokens"}
        assert not phone.is_logged_in
        assert phone.refreshes().status == 401
        ann.token, ann.refresh = answer.body["tokens"].values()
        assert ann.is_logged_in
        assert chat.anyone.posts("/api/auth/token/refresh/", refresh=old_refresh).status == 401
        assert ann.is_logged_in
        assert ann.refreshes().status == 200
        assert chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD).status == 401
        assert chat.anyone.posts("/api/auth/login/", username="ann", password="new horse battery").status == 200

    def test_a_password_change_needs_the_old_password(self, chat: Chat) -> None:
        ann = chat.person("ann")
        answer = ann.posts("/api/auth/change-password/", old_password="wrong", new_password="new horse battery")
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", {"old_password"})
        assert ann.logs_in().is_logged_in

    @pytest.mark.parametrize(
        "new",
        ["short", "x" * 1025, "anna-lee", "ＡＮＮＡ-lee", "password", "Password1", "24121987", "nul\u0000 inside"],
    )
    def test_a_new_password_follows_the_rules_of_registration(self, chat: Chat, new: str) -> None:
        anna = chat.person("anna-lee")
        answer = anna.posts("/api/auth/change-password/", old_password=PASSWORD, new_password=new)
        assert (answer.status, set(answer.errors)) == (400, {"new_password"})

    def test_the_confirmation_must_equal_the_new_password(self, chat: Chat) -> None:
        ann = chat.person("ann")
        answer = ann.posts(
            "/api/auth/change-password/",
            old_password=PASSWORD,
            new_password="new horse battery",
            new_password_confirm="other horse battery",
        )
        assert (answer.status, set(answer.errors)) == (400, {"new_password_confirm"})


class TestGettingAPerson:
    def test_a_person_is_shown_as_in_the_list(self, chat: Chat) -> None:
        ann, bob = chat.person("ann"), chat.person("bob", first_name="Bob")
        answer = ann.gets(f"/api/auth/users/{bob.id}/")
        assert (answer.status, set(answer.body)) == (200, PERSON)
        assert answer.body in ann.gets("/api/auth/users/").body
        assert ann.gets(f"/api/auth/users/{ann.id}/").body["username"] == "ann"

    def test_a_disabled_account_is_shown(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        chat.sql('UPDATE "user" SET is_active = FALSE WHERE id = ?', bob.id)
        assert ann.gets(f"/api/auth/users/{bob.id}/").body["username"] == "bob"

    def test_an_erased_account_is_404(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        chat.sql('UPDATE "user" SET deleted_at = 1 WHERE id = ?', bob.id)
        same = {"X-Request-ID": "same"}
        answer = ann.sends("GET", f"/api/auth/users/{bob.id}/", headers=same)
        assert (answer.status, answer.code) == (404, "user_not_found")
        assert answer.raw == ann.sends("GET", "/api/auth/users/99/", headers=same).raw

    @pytest.mark.parametrize("user_id", ["0", "-1", "x", "1.0", "9" * 40, str(2**53), "%31%00", "١"])
    def test_a_wrong_id_is_404(self, chat: Chat, user_id: str) -> None:
        assert chat.person("ann").gets(f"/api/auth/users/{user_id}/").status == 404


class TestPeople:
    def test_people_are_listed_by_name_with_their_presence(self, chat: Chat) -> None:
        cid, ann, _bob = chat.people("cid", "Ann", "bob")
        answer = cid.gets("/api/auth/users/")
        assert [person["username"] for person in answer.body] == ["Ann", "bob", "cid"]
        assert set(answer.body[0]) == PERSON
        assert answer.body[0] == {
            **{name: ann.user[name] for name in PERSON & set(ann.user)},
            "is_online": True,
            "last_seen": NOW,
        }

    def test_a_search_finds_any_part_of_a_name_in_any_script(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chat.person("ivan", first_name="Иван", last_name="Ёлкин")
        chat.person("juergen", first_name="Jürgen", last_name="Groß")
        for query, found in {
            "IVA": ["ivan"],
            "ёЛК": ["ivan"],
            "иван ёл": ["ivan"],
            "ürg": ["juergen"],
            "GROSS": ["juergen"],
            "nobody": [],
            "%": [],
            "_": [],
        }.items():
            answer = ann.gets("/api/auth/search/", q=query)
            assert answer.status == 200
            assert [person["username"] for person in answer.body["users"]] == found, query

    def test_a_search_puts_the_exact_name_first_then_beginnings(self, chat: Chat) -> None:
        viewer = chat.person("viewer")
        for name in ("joann", "ann", "anna", "hannah", "annabel"):
            chat.person(name)
        found = [person["username"] for person in viewer.gets("/api/auth/search/", q="ANN").body["users"]]
        assert found[0] == "ann"
        assert set(found[1:3]) == {"anna", "annabel"}
        assert set(found[3:]) == {"joann", "hannah"}

    def test_a_search_leaves_out_the_caller(self, chat: Chat) -> None:
        ann, _anna = chat.people("ann", "anna")
        found = ann.gets("/api/auth/search/", q="ann").body["users"]
        assert [person["username"] for person in found] == ["anna"]

    def test_a_search_ends_at_its_limit(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chat.people("bob1", "bob2", "bob3")
        assert len(ann.gets("/api/auth/search/", q="bob", limit=2).body["users"]) == 2

    @pytest.mark.parametrize("query", ["", "x" * 101, "a%00b", "a%0Ab"])
    def test_a_search_query_has_1_to_100_characters(self, chat: Chat, query: str) -> None:
        answer = chat.person("ann").gets(f"/api/auth/search/?q={query}")
        assert (answer.status, set(answer.errors)) == (400, {"q"})

    def test_a_search_without_a_query_is_refused(self, chat: Chat) -> None:
        answer = chat.person("ann").gets("/api/auth/search/")
        assert (answer.status, set(answer.errors)) == (400, {"q"})

    def test_a_user_is_online_for_a_minute_after_a_request(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        chat.clock.advance(59)
        assert [one["user"]["username"] for one in bob.gets("/api/chat/online-users/").body] == ["ann", "bob"]
        chat.clock.advance(1)
        answer = bob.gets("/api/chat/online-users/")
        assert answer.body == [
            {
                "user": {name: bob.user[name] for name in PERSON & set(bob.user)},
                "is_online": True,
                "last_seen": "2025-01-06T09:30:59.123Z",
                "avatar": bob.user["avatar"],
            }
        ]
        shown = {person["username"]: person for person in bob.gets("/api/auth/users/").body}
        assert (shown["ann"]["is_online"], shown["ann"]["last_seen"]) == (False, NOW)
        ann.gets("/api/auth/me/")
        assert len(bob.gets("/api/chat/online-users/").body) == 2

    def test_last_seen_is_written_at_most_every_30_seconds(self, chat: Chat) -> None:
        ann = chat.person("ann")
        seen = []
        for _ in range(4):
            chat.clock.advance(15)
            seen.append(ann.gets("/api/auth/me/").body["profile"]["last_seen"][14:19])
        assert seen == ["30:00", "30:30", "30:30", "31:00"]
