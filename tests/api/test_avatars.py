"""Uploaded pictures: accepted and refused files, the served picture, and no leftovers of failed uploads (W3, W4)."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from api.client import BASE, PICTURE, Answer, Chat, Person
from api.conftest import MakeChat, on_one_database
from pictures import BLUE, GOOD, GPS, GREEN, HOSTILE, ORIENTATION, PNG, RED, TOO_LARGE, WHITE, corners, decoded, encoded
from pictures import quarters as four_colours

ADDRESS = "/api/auth/profile/avatar/"
MIB_2 = 2 * 2**20
NAMELESS = b"--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n"
PATH = re.compile(r"/avatars/[A-Za-z0-9_-]{22}\.webp")


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


def picture_of(person: Person) -> str:
    """Return the URL of the person's picture."""
    url: str = person.gets("/api/auth/me/").body["avatar"]
    return url


def part(name: str, body: bytes, filename: str | None = "me.png") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + body + b"\r\n"


def sends_form(person: Person, *parts: bytes, end: bytes = b"--xyz--\r\n") -> Answer:
    """Send a form without changes."""
    body = b"".join(parts) + end
    return person.sends("PUT", ADDRESS, data=body, content_type="multipart/form-data; boundary=xyz")


def sends_stream(person: Person, stream: BytesIO, **environ: object) -> Answer:
    """Send a form as the WSGI server passes it to the app."""
    kind = "multipart/form-data; boundary=xyz"
    return person.sends("PUT", ADDRESS, environ_overrides={"wsgi.input": stream, "CONTENT_TYPE": kind, **environ})


@on_one_database
class TestUploading:
    def test_an_uploaded_picture_is_public(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        room = bob.makes_room(with_=[ann])
        answer = ann.uploads()
        assert answer.status == 200
        url = answer.body["avatar"]
        assert PATH.fullmatch(url.removeprefix(BASE))
        assert answer.body == {
            **ann.gets("/api/auth/me/").body,
            "avatar": url,
            "profile": {**answer.body["profile"], "avatar": url},
        }
        assert [user["avatar"] for user in bob.gets("/api/auth/search/", q="ann").body["users"]] == [url]
        assert ann.says("hello", in_=room)["user"]["avatar"] == url
        assert url in [person["avatar"] for person in bob.looks_at(room)["participants"]]

    def test_the_content_decides_and_not_the_name_or_type(self, chat: Chat, ann: Person) -> None:
        for file in GOOD.values():
            assert ann.uploads(file, "page.html", "text/html").status == 200
            shown = chat.anyone.follows(picture_of(ann))
            assert (shown.headers["Content-Type"], decoded(shown.raw).size) == ("image/webp", (256, 256))

    def test_the_stored_file_is_upright_and_holds_no_location(self, chat: Chat, ann: Person) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
        ann.uploads(encoded(four_colours(), "JPEG", exif=exif))
        made = chat.anyone.follows(picture_of(ann)).raw
        assert corners(made) == [BLUE, RED, WHITE, GREEN]
        assert not decoded(made).getexif()

    def test_a_second_upload_replaces_the_first_picture(self, chat: Chat, ann: Person) -> None:
        ann.uploads()
        first = picture_of(ann)
        ann.uploads()
        assert picture_of(ann) != first
        assert chat.anyone.follows(first).status == 404
        assert chat.anyone.follows(picture_of(ann)).status == 200

    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_file_that_is_no_picture_or_too_large_is_refused(self, ann: Person, name: str) -> None:
        ann.uploads()
        before = picture_of(ann)
        answer = ann.uploads(HOSTILE[name])
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", {"file"})
        assert ("4096" in answer.errors["file"][0]) == (name in TOO_LARGE)
        assert picture_of(ann) == before

    def test_a_file_of_2_mib_is_accepted_and_one_byte_more_is_not(self, ann: Person) -> None:
        assert ann.uploads(PNG.ljust(MIB_2, b"\0")).status == 200
        before = picture_of(ann)
        for size in (MIB_2 + 1, 3 * MIB_2):
            answer = ann.uploads(PNG.ljust(size, b"\0"))
            assert (answer.status, answer.code) == (413, "payload_too_large")
        assert picture_of(ann) == before

    def test_a_chunked_upload_has_the_same_limit(self, ann: Person) -> None:
        for size, status in ((MIB_2, 200), (MIB_2 + 1, 413), (3 * MIB_2, 413)):
            form = part("file", PNG.ljust(size, b"\0")) + b"--xyz--\r\n"
            chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            assert sends_stream(ann, BytesIO(form), **chunked).status == status

    def test_a_large_content_length_is_refused_unread(self, ann: Person) -> None:
        class Unread(BytesIO):
            def read(self, *_: object) -> bytes:
                raise AssertionError("it was read")

        assert sends_stream(ann, Unread(), CONTENT_LENGTH=str(10 * MIB_2)).status == 413

    @pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "10", "100000"])
    def test_a_false_content_length_is_refused(self, ann: Person, length: str) -> None:
        form = part("file", PICTURE) + b"--xyz--\r\n"
        assert sends_stream(ann, BytesIO(form), CONTENT_LENGTH=length).status == 400
        assert picture_of(ann).endswith(".svg")
        assert sends_stream(ann, BytesIO(form), CONTENT_LENGTH=str(len(form))).status == 200

    @pytest.mark.parametrize(
        "content_type",
        [
            *("application/json", "image/png", "application/octet-stream", "application/x-www-form-urlencoded", ""),
            *("multipart/mixed; boundary=xyz", "multipart/form-data-x; boundary=xyz", None),
        ],
    )
    def test_an_upload_with_another_content_type_is_refused(self, ann: Person, content_type: str | None) -> None:
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = ann.sends("PUT", ADDRESS, data=PICTURE, headers=headers)
        assert (answer.status, answer.code) == (415, "unsupported_media_type")

    @pytest.mark.parametrize(
        ("parts", "wrong"),
        [
            ([], {"file"}),
            ([part("picture", PICTURE)], {"file", "picture"}),
            ([part("file", PICTURE), part("file", PICTURE)], {"file"}),
            ([part("file", PICTURE), part("file", b"text", None)], {"file"}),
            ([part("file", b"text", None)], {"file"}),
            ([part("file", PICTURE), part("colour", b"red", None)], {"colour"}),
            ([part("file", PICTURE), part("other", PICTURE)], {"other"}),
            ([part("file", PICTURE), part("user_id", b"2", None)], {"user_id"}),
        ],
        ids=[
            "none",
            "of another name",
            "two",
            "a file and a text",
            "a text",
            "a field more",
            "a file more",
            "an owner",
        ],
    )
    def test_a_form_holds_one_file_and_nothing_else(self, ann: Person, parts: list[bytes], wrong: set[str]) -> None:
        answer = sends_form(ann, *parts)
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", wrong)
        assert picture_of(ann).endswith(".svg")

    def test_a_form_written_by_hand_is_accepted(self, ann: Person) -> None:
        """This shows that the forms above are refused for the right reason."""
        assert sends_form(ann, part("file", PICTURE)).status == 200

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"\r\n", "multipart/form-data"),
            (part("file", PICTURE) + b"--xyz--\r\n", "multipart/form-data"),
            (part("file", PICTURE) + b"--xyz--\r\n", "multipart/form-data; boundary=other"),
            (part("file", PICTURE) + b"--xyz--\r\n", "multipart/form-data; boundary=\xff"),
            (part("file", PICTURE)[:60], "multipart/form-data; boundary=xyz"),
            (part("file", PICTURE), "multipart/form-data; boundary=xyz"),
            (PICTURE, "multipart/form-data; boundary=xyz"),
            (b"--xyz\r\n\r\n\r\n--xyz--\r\n", "multipart/form-data; boundary=xyz"),
            (b"--xyz\r\nContent-Type: image/png\r\n\r\nx\r\n--xyz--\r\n", "multipart/form-data; boundary=xyz"),
            (NAMELESS + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"),
            (NAMELESS * 2 + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"),
            (part("file", PICTURE) + NAMELESS + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"),
            (b"\r\n" * 500_000, "multipart/form-data; boundary=xyz"),
        ],
    )
    def test_a_malformed_form_is_refused(self, ann: Person, body: bytes, content_type: str) -> None:
        answer = ann.sends("PUT", ADDRESS, data=body, headers={"Content-Type": content_type})
        assert (answer.status, answer.code, answer.errors) == (400, "malformed_form", {})
        assert picture_of(ann).endswith(".svg")

    @pytest.mark.parametrize("before", [b"", b"preamble", b"preamble\r\n", part("file", PICTURE)])
    @pytest.mark.parametrize(
        "more",
        [b"; a=b" * 1_000, b'; filename="' + b"a" * 4_096 + b'"', b"\r\nA: b" * 1_000, b"\nA: b" * 1_000],
        ids=["parameters", "a name", "lines", "odd lines"],
    )
    def test_a_part_with_a_long_header_is_refused(self, ann: Person, before: bytes, more: bytes) -> None:
        form = before + part("file", PICTURE).replace(b'name="me.png"', b'name="me.png"' + more)
        answer = sends_form(ann, form)
        assert (answer.status, answer.code) == (400, "malformed_form")
        assert picture_of(ann).endswith(".svg")

    def test_a_part_with_a_rather_long_header_is_accepted(self, ann: Person) -> None:
        assert ann.uploads(filename="a" * 3_900).status == 200

    def test_a_form_of_very_many_parts_is_refused(self, ann: Person) -> None:
        assert sends_form(ann, *[part(f"file{number}", b"") for number in range(10_000)]).status == 413

    def test_an_upload_needs_a_token(self, chat: Chat) -> None:
        answer = chat.anyone.sends("PUT", ADDRESS, data={"file": (BytesIO(PICTURE), "me.png")})
        assert answer.status == 401


class TestFiles:
    """The files on the disk after a request."""

    @pytest.fixture
    def chat(self, make_chat: MakeChat, tmp_path: Path) -> Chat:
        return make_chat(MINICHAT_MEDIA_DIR=f"{tmp_path}/media")

    def test_only_the_current_pictures_stay_on_the_disk(self, chat: Chat, tmp_path: Path) -> None:
        def files() -> set[str]:
            return {f"{BASE}/avatars/{file.name}" for file in (tmp_path / "media" / "avatars").glob("*")}

        ann, bob = chat.people("ann", "bob")
        for file in HOSTILE.values():
            ann.uploads(file)
        assert files() == set()
        for person in (ann, bob, ann):
            person.uploads()
        assert files() == {picture_of(ann), picture_of(bob)}
        ann.deletes(ADDRESS)
        bob.patches("/api/auth/profile/", avatar="https://pictures.example/bob.png")
        assert files() == set()

    def test_a_file_that_cannot_be_stored_is_503_and_changes_nothing(self, chat: Chat, tmp_path: Path) -> None:
        ann = chat.person("ann")
        (tmp_path / "media").write_text("no folder")
        answer = ann.uploads()
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "unavailable", "1")
        assert str(tmp_path) not in answer.text
        assert picture_of(ann).endswith(".svg")
        (tmp_path / "media").unlink()
        assert ann.uploads().status == 200


@on_one_database
class TestServing:
    @pytest.fixture
    def url(self, ann: Person) -> str:
        ann.uploads()
        return picture_of(ann)

    def test_a_picture_has_a_fixed_type_and_can_be_cached_forever(self, chat: Chat, url: str) -> None:
        answer = chat.anyone.follows(url)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        policy = answer.headers["Content-Security-Policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert "Set-Cookie" not in answer.headers

    def test_a_client_with_the_same_picture_gets_304(self, chat: Chat, url: str) -> None:
        etag = chat.anyone.follows(url).headers["ETag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = chat.anyone.sends("GET", url.removeprefix(BASE), headers={"If-None-Match": known})
            assert (answer.status, answer.raw, answer.headers["ETag"]) == (304, b"", etag)
            assert "immutable" in answer.headers["Cache-Control"]
        for other in ('"other"', "", etag[:-2]):
            answer = chat.anyone.sends("GET", url.removeprefix(BASE), headers={"If-None-Match": other})
            assert answer.status == 200

    def test_head_returns_the_size_of_the_picture(self, chat: Chat, url: str) -> None:
        size = len(chat.anyone.follows(url).raw)
        answer = chat.anyone.sends("HEAD", url.removeprefix(BASE))
        assert (answer.status, answer.raw, answer.headers["Content-Length"]) == (200, b"", str(size))

    @pytest.mark.parametrize(
        "name",
        ["A" * 22, "A" * 21, "x", "..%2F..%2Fchat", "%2E%2E%2Fsecret", "A" * 21 + "%00", "A" * 22 + "%0A", "A" * 5_000],
        ids=lambda name: name[:24],
    )
    def test_an_unknown_picture_name_is_404(self, chat: Chat, name: str) -> None:
        answer = chat.anyone.gets(f"/avatars/{name}.webp")
        assert (answer.status, answer.code, answer.headers["Cache-Control"]) == (404, "not_found", "no-store")


class TestChoosingAnAvatar:
    def test_choosing_the_placeholder_removes_the_picture(self, chat: Chat, ann: Person) -> None:
        placeholder = picture_of(ann)
        ann.uploads()
        uploaded = picture_of(ann)
        for _ in range(2):
            answer = ann.deletes(ADDRESS)
            assert (answer.status, answer.body["avatar"]) == (200, placeholder)
        assert chat.anyone.follows(uploaded).status == 404

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_the_url_of_the_current_picture_changes_nothing(self, chat: Chat, ann: Person, method: str) -> None:
        ann.uploads()
        url = picture_of(ann)
        for same in (url, url.removeprefix(BASE)):
            assert ann.sends(method, "/api/auth/profile/", json={"avatar": same}).body["avatar"] == url
        assert chat.anyone.follows(url).status == 200

    def test_the_users_earlier_picture_url_changes_nothing(self, chat: Chat, ann: Person) -> None:
        placeholder = picture_of(ann)
        ann.uploads()
        earlier = picture_of(ann)
        ann.uploads()
        present = picture_of(ann)
        for url in (placeholder, placeholder.replace("-A.", "-%D0%AF."), earlier):
            for form in (
                url,
                url.removeprefix(BASE),
                url.replace("http:", "https:"),
                url.replace(BASE, "http://LocalHost.:80"),
            ):
                answer = ann.patches("/api/auth/profile/", avatar=form, first_name=form[-20:])
                assert (answer.status, answer.body["avatar"]) == (200, present), form
                assert answer.body["first_name"] == form[-20:]
        assert chat.anyone.follows(present).status == 200

    def test_the_users_own_urls_at_an_earlier_address_change_nothing(self, chat: Chat, ann: Person) -> None:
        placeholder = picture_of(ann)
        ann.uploads()
        present = picture_of(ann)
        for url in (placeholder, present):
            for base in ("http://former.example", "https://former.example:8443"):
                assert ann.patches("/api/auth/profile/", avatar=base + url.removeprefix(BASE)).body["avatar"] == present
        assert chat.anyone.follows(present).status == 200

    def test_the_url_of_a_removed_picture_does_not_restore_it(self, ann: Person) -> None:
        placeholder = picture_of(ann)
        ann.uploads()
        uploaded = picture_of(ann)
        ann.deletes(ADDRESS)
        assert ann.patches("/api/auth/profile/", avatar=uploaded).body["avatar"] == placeholder

    def test_a_url_that_resembles_the_users_own_is_an_ordinary_url(self, ann: Person) -> None:
        placeholder = picture_of(ann).removeprefix(BASE)
        ann.uploads()
        url = picture_of(ann)
        path = url.removeprefix(BASE)
        for other in (f"x{path}", f"/{path}", f"{path}?a=1", f"{path}#a", f"/x{path}", f"ftp://localhost{path}"):
            for wrong in (other, other.replace(path, placeholder)):
                assert set(ann.patches("/api/auth/profile/", avatar=wrong).errors) == {"avatar"}, wrong
        assert picture_of(ann) == url
        for elsewhere in (f"https://pictures.example/avatars/{'x' * 22}.webp", f"https://pictures.example{path}?a=1"):
            assert ann.patches("/api/auth/profile/", avatar=elsewhere).body["avatar"] == elsewhere

    def test_the_placeholder_of_another_user_is_not_recognised(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        for url in (
            picture_of(bob),
            picture_of(bob).removeprefix(BASE),
            f"http://localhost/avatars/{ann.id}{ann.id}-A.svg",
        ):
            assert set(ann.patches("/api/auth/profile/", avatar=url).errors) == {"avatar"}

    def test_a_user_cannot_adopt_the_picture_of_another_user(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        bob.uploads()
        ann.uploads()
        own, path = picture_of(ann), picture_of(bob).removeprefix(BASE)
        for url in (path, BASE + path):
            assert ann.patches("/api/auth/profile/", avatar=url).body["avatar"] == own
        ann.deletes(ADDRESS)
        assert chat.anyone.follows(BASE + path).status == 200

    def test_the_url_of_a_picture_begins_with_the_public_address(self, make_chat: MakeChat) -> None:
        ann = make_chat(MINICHAT_PUBLIC_URL="https://chat.example.org/base").person("ann")
        url = ann.uploads().body["avatar"]
        assert PATH.fullmatch(url.removeprefix("https://chat.example.org/base"))
        assert ann.patches("/api/auth/profile/", avatar=url).body["avatar"] == url
        ann.uploads()
        for former in (url, url.replace("https://chat.example.org/base", BASE)):
            answer = ann.patches("/api/auth/profile/", avatar=former)
            assert PATH.fullmatch(answer.body["avatar"].removeprefix("https://chat.example.org/base")), former
            assert answer.body["avatar"] != url
