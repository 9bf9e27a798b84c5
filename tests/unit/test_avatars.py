"""Uploaded pictures: files and rows agree after every failure and every race."""

from contextlib import contextmanager

import pytest

from builders import issues_of
from minichat.adapters.memory.media import MemoryMediaStore
from minichat.domain.avatars import discard_picture
from minichat.domain.errors import NotFound, SessionEnded, Unavailable

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def ann(chat):
    return chat.person("ann")


@pytest.fixture
def avatars(chat):
    return chat.services.avatars


@pytest.fixture
def kept(chat):
    """Return a function that lists the files."""
    return lambda: {name for name, _ in chat.ports.media_store.names()}


def name_in(user):
    return user.avatar_url.removeprefix("/avatars/").removesuffix(".webp")


def test_an_uploaded_picture_is_stored_in_its_converted_form(avatars, ann):
    user = avatars.upload(ann.id, PNG + b"ann")
    assert user == ann.user
    assert user.avatar_url == f"/avatars/{name_in(user)}.webp"
    assert avatars.picture(name_in(user)) == b"a square of " + PNG + b"ann"


def test_nothing_else_of_the_account_changes(avatars, ann):
    before = ann.user
    assert avatars.upload(ann.id, PNG)._replace(avatar_url="") == before


def test_an_upload_without_a_picture_is_rejected_and_stores_nothing(chat, avatars, ann, kept):
    with chat.nothing_is_written():
        assert issues_of(lambda: avatars.upload(ann.id, b"<svg/>")) == {"file": ["not_a_picture"]}
    assert kept() == set()


def test_the_next_picture_takes_the_place_of_the_last_one(avatars, ann, kept):
    avatars.upload(ann.id, PNG + b"1")
    second = avatars.upload(ann.id, PNG + b"2")
    assert kept() == {name_in(second)}


def test_a_removed_picture_leaves_the_placeholder(avatars, ann, kept):
    avatars.upload(ann.id, PNG)
    for _ in range(2):
        assert avatars.remove(ann.id) == ann.user
        assert (ann.user.avatar_url, kept()) == ("", set())


def test_a_missing_picture_is_not_found(avatars):
    with pytest.raises(NotFound):
        avatars.picture("A" * 22)


@pytest.mark.parametrize("url", ["https://example.org/a.png", ""])
def test_another_picture_by_the_profile_removes_the_uploaded_one(chat, avatars, ann, kept, url):
    avatars.upload(ann.id, PNG)
    assert chat.services.directory.edit_profile(ann.id, avatar=url).avatar_url == url
    assert kept() == set()


def test_other_edits_of_the_profile_keep_the_uploaded_picture(chat, avatars, ann, kept):
    user = avatars.upload(ann.id, PNG)
    chat.services.directory.edit_profile(ann.id, first_name="Ann")
    assert issues_of(lambda: chat.services.directory.edit_profile(ann.id, email="x", avatar="")) == {
        "email": ["not_an_email"]
    }
    assert kept() == {name_in(user)}


def test_concurrent_uploads_keep_the_file_of_the_last_commit_only(chat, avatars, ann, kept):
    chat.meanwhile(lambda: avatars.upload(ann.id, PNG + b"faster"))
    user = avatars.upload(ann.id, PNG + b"slower")
    assert ann.user == user
    assert kept() == {name_in(user)}


# Failures


def test_a_transaction_that_cannot_begin_changes_nothing(chat, avatars, ann, kept):
    @contextmanager
    def busy(**_locks):
        raise Unavailable("busy")
        yield

    shown = avatars.upload(ann.id, PNG)
    for change in (lambda service: service.upload(ann.id, PNG), lambda service: service.remove(ann.id)):
        with pytest.raises(Unavailable):
            change(chat.with_ports(transaction=busy).services.avatars)
        assert (ann.user, kept()) == (shown, {name_in(shown)})


def test_a_failed_commit_changes_nothing(chat, avatars, ann, kept):
    @contextmanager
    def failing(**locks):
        with chat.memory.store.transaction(**locks):
            yield
            raise Unavailable("the disk is full")

    shown = avatars.upload(ann.id, PNG)
    broken = chat.with_ports(transaction=failing).services
    for change in (
        lambda: broken.avatars.upload(ann.id, PNG),
        lambda: broken.avatars.remove(ann.id),
        lambda: broken.directory.edit_profile(ann.id, avatar=""),
    ):
        with pytest.raises(Unavailable):
            change()
        assert (ann.user, kept()) == (shown, {name_in(shown)})


def test_a_new_file_is_stored_before_its_row_and_the_old_one_removed_after_the_commit(chat, avatars, ann, kept):
    seen = []

    @contextmanager
    def watched(**locks):
        with chat.memory.store.transaction(**locks):
            seen.append(kept())
            yield
            seen.append(kept())

    old = avatars.upload(ann.id, PNG)
    new = chat.with_ports(transaction=watched).services.avatars.upload(ann.id, PNG)
    assert seen == [{name_in(old), name_in(new)}] * 2
    assert kept() == {name_in(new)}


def test_a_failed_write_of_a_picture_changes_nothing(chat, ann):
    class Full(MemoryMediaStore):
        def add(self, data):
            raise Unavailable("the disk is full")

    with chat.nothing_is_written(), pytest.raises(Unavailable):
        chat.with_ports(media_store=Full(chat.clock)).services.avatars.upload(ann.id, PNG)


def test_an_account_erased_during_the_upload_receives_no_picture(chat, avatars, ann, kept):
    def erase():
        with chat.memory.store.transaction():
            users = chat.memory.store.writable.users
            users[ann.id] = users[ann.id]._replace(deleted_at=chat.clock())

    chat.meanwhile(erase)
    with pytest.raises(SessionEnded):
        avatars.upload(ann.id, PNG)
    assert (ann.user.avatar_url, kept()) == ("", set())


def test_an_upload_for_an_unknown_user_leaves_no_file(avatars, kept):
    with pytest.raises(SessionEnded):
        avatars.upload(99, PNG)
    assert kept() == set()


def test_only_the_file_of_a_path_of_ours_is_discarded(chat, avatars, ann, kept):
    name = name_in(avatars.upload(ann.id, PNG))
    for other in (
        "",
        f"https://example.org/avatars/{name}.webp",
        f"/avatars/{name}.webp.webp",
        f"/avatars/{name}.svg",
        f"/avatars/../{name}.webp",
        name,
    ):
        discard_picture(chat.ports.media_store, other)
        assert kept() == {name}
    discard_picture(chat.ports.media_store, f"/avatars/{name}.webp")
    assert kept() == set()
