"""Entities as JSON, by plain functions and orjson: the contract's objects, field by field.

The schemas document these shapes. If marshmallow wrote them, a page of messages would cost four times as much. The JSON
of people and of most messages is remembered and copied as bytes. This module does not know the request.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import quote, unquote, urlsplit

import orjson
from flask import Response

from minichat.addresses import authority
from minichat.api.times import optional_rfc3339, rfc3339
from minichat.domain.avatars import is_picture_url
from minichat.domain.model import (
    Ban,
    Block,
    Details,
    Invitation,
    Membership,
    Message,
    MessagePage,
    NotifyLevel,
    ParticipantList,
    Reaction,
    Receipts,
    RoomKind,
    RoomView,
    Session,
    Timestamp,
    UnreadCounts,
    User,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Json = dict[str, Any]
Written = Json | orjson.Fragment
"""An object for an answer, or its JSON."""

_REMEMBERED = 2_048
"""Maximum number of people, and of messages, whose JSON a worker keeps."""
_REMEMBERED_PAGES = 32
"""Maximum number of pages of messages that a worker recognises."""
_RECOGNISED_MESSAGES, _RECOGNISED_CHARACTERS = 50, 16_000
"""Maximum size of such a page. Without it, pages of long messages would take hundreds of megabytes."""


class JsonResponse(Response):
    """A complete response. werkzeug would copy its headers, check each of them again, and wrap its body."""

    def get_wsgi_response(self, environ: "WSGIEnvironment") -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Return the body, the status and the headers."""
        body = () if environ["REQUEST_METHOD"] == "HEAD" else self.iter_encoded()
        return body, self.status, self.headers.to_wsgi_list()


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return JsonResponse(orjson.dumps(body), status, headers, content_type="application/json")


def no_content() -> Response:
    """Return a 204 response."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def avatar(person: User, base: str) -> str:
    """Return the absolute URL of the user's picture, or of their placeholder."""
    address = _address(person)
    return base + address if address.startswith("/") else address


def may_be_own_avatar(url: str, person: User, base: str, hosts: Container[str]) -> bool:
    """Return whether an answer may have shown this URL as the user's picture, now or earlier.

    `hosts` are the hosts of this service. Removed pictures are not recorded, so every picture URL on them counts.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_path = not parts.scheme and not parts.netloc
    is_complete = parts.scheme in {"http", "https"} and parts.netloc
    if parts.query or parts.fragment or not (is_path or is_complete):
        return False
    path = parts.path.removeprefix(urlsplit(base).path)
    if path == _address(person) or re.fullmatch(rf"/avatars/{person.id}-.\.svg", unquote(path)):
        return True
    named = authority(parts.netloc)
    return is_picture_url(path) and (is_path or (named is not None and named.text(parts.scheme) in hosts))


def _address(person: User) -> str:
    """Return the URL of an external picture, or the path of a picture that we serve."""
    if person.avatar_url:
        return person.avatar_url
    shown = person.first_name + person.last_name + person.username
    first = next(filter(str.isalnum, shown), person.username[0])
    return f"/avatars/{person.id}-{_letter(first)}.svg"


@lru_cache(4096)
def _letter(first: str) -> str:
    """Return the letter of a placeholder, percent-encoded.

    It is the title case, because few fonts have the capitals of Georgian: titles and names are not written with them.
    """
    return quote(first.title()[0], safe="")


class _Written(dict[int, orjson.Fragment]):
    """The JSON of users by id, ready for any answer. The first look-up of a user writes it."""

    def __init__(self, write: Callable[[int], orjson.Fragment]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, user_id: int) -> orjson.Fragment:
        written = self[user_id] = self._write(user_id)
        return written


# The same people and messages are in many answers. The arguments are all that the JSON shows, as the database has just
# returned it, so nothing that is remembered can be out of date.


@lru_cache(_REMEMBERED)
def _written_user(shown: User, base: str) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(user(shown, base)))


@lru_cache(_REMEMBERED)
def _written_person(shown: User, base: str, is_online: bool, last_seen: Timestamp | None) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps({**user(shown, base), **_presence_fields(is_online, last_seen)}))


@lru_cache(_REMEMBERED)
def _written_message(
    message: Message, author: orjson.Fragment, username: str, is_read: bool, is_blocked: bool
) -> orjson.Fragment:
    """Return a message without reactions and mentions."""
    return orjson.Fragment(orjson.dumps(_plain_message(message, author, username, is_read, is_blocked)))


class _Author(NamedTuple):
    """The author of some messages, as an answer shows them to its viewer."""

    id: int
    json: orjson.Fragment
    username: str
    read_seq: int
    """The newest of the author's messages that count as read."""
    is_blocked: bool


@lru_cache(_REMEMBERED_PAGES)
def _written_page(messages: tuple[Message, ...], authors: tuple[_Author, ...]) -> list[orjson.Fragment]:
    """Return messages without reactions and mentions.

    Many clients read the same newest page of a room. To recognise it takes a third of the time of finding each of its
    messages.
    """
    by_id = {author.id: author for author in authors}
    written = []
    for message in messages:
        _, json, username, read_seq, is_blocked = by_id[message.user_id]
        written.append(_written_message(message, json, username, message.seq <= read_seq, is_blocked))
    return written


def _is_recognised(messages: Sequence[Message]) -> bool:
    """Return whether a worker keeps the JSON of such a page."""
    characters = sum([len(message.content) for message in messages])
    return 0 < len(messages) <= _RECOGNISED_MESSAGES and characters <= _RECOGNISED_CHARACTERS


class Presenter:
    """Writes the objects of one answer for one viewer at one time, with URLs under one base."""

    def __init__(self, base: str, now: Timestamp, viewer_id: int, details: Details) -> None:
        people = details.people
        self._base = base
        self._now = now
        self._viewer_id = viewer_id
        self._reactions = details.reactions
        self._mentions = details.mentions
        self._people = people
        self._users = _Written(lambda user_id: _written_user(people[user_id], base))
        self._persons = _Written(
            lambda user_id: _written_person(people[user_id], base, *_presence(people[user_id], now))
        )
        self._details = details
        self._blocked_ids = details.blocked_by(viewer_id)

    def seen_by(self, viewer_id: int) -> Self:
        """Return a presenter for another viewer. Both share the people written so far."""
        other = copy(self)
        other._viewer_id = viewer_id  # noqa: SLF001 - an instance of this class
        other._blocked_ids = self._details.blocked_by(viewer_id)  # noqa: SLF001
        return other

    def message(self, message: Message, receipts: Receipts) -> Written:
        """Return a Message."""
        author_id = message.user_id
        is_read = message.seq <= (receipts.others_seq if author_id == self._viewer_id else receipts.own_seq)
        author, username = self._users[author_id], self._people[author_id].username
        is_blocked = author_id in self._blocked_ids
        if not (message.has_reactions or message.has_mentions):
            return _written_message(message, author, username, is_read, is_blocked)
        shown = _plain_message(message, author, username, is_read, is_blocked)
        shown["reactions"] = self._reactions_to(message) if message.has_reactions else []
        shown["mentions"] = self._mentions_in(message) if message.has_mentions else []
        return shown

    def _mentions_in(self, message: Message) -> list[orjson.Fragment]:
        """Return the people whom a message mentions. Somebody whom the viewer blocks does not mention the viewer."""
        hidden_id = self._viewer_id if message.user_id in self._blocked_ids else None
        mentioned = self._mentions.get(message.id, ())
        return [self._users[user_id] for user_id in mentioned if user_id != hidden_id]

    def _reactions_to(self, message: Message) -> list[Json]:
        return [
            {
                "emoji": reaction.emoji,
                "count": reaction.total,
                "mine": self._viewer_id in reaction.viewers,
                "users": reaction.first_user_ids,
            }
            for reaction in self._reactions.get(message.id, ())
        ]

    def reaction(self, reaction: Reaction) -> Json:
        """Return a reaction with its user."""
        return {
            "emoji": reaction.emoji,
            "user": self._users[reaction.user_id],
            "created_at": rfc3339(reaction.created_at),
        }

    def messages(self, page: MessagePage) -> Sequence[Written]:
        """Return the messages of a page, in their order."""
        messages = page.messages
        if page.room is None or self._reactions or self._mentions or not _is_recognised(messages):
            return [self.message(message, page.receipts[message.room_id]) for message in messages]
        receipts, newest_seq = page.receipts[page.room.room.id], max(messages[0].seq, messages[-1].seq)
        author_ids = sorted({message.user_id for message in messages})
        return _written_page(tuple(messages), tuple(self._author(one, receipts, newest_seq) for one in author_ids))

    def _author(self, user_id: int, receipts: Receipts, newest_seq: int) -> _Author:
        read_seq = receipts.others_seq if user_id == self._viewer_id else receipts.own_seq
        username, is_blocked = self._people[user_id].username, user_id in self._blocked_ids
        return _Author(user_id, self._users[user_id], username, min(read_seq, newest_seq), is_blocked)

    def room(self, view: RoomView) -> Json:
        """Return a Room. Without a membership, the viewer sees a public room from outside."""
        room, membership = view.room, view.membership
        # A new member starts with nothing unread.
        last_read_seq = room.last_seq if membership is None else membership.last_read_seq
        persons, last_message = self._persons, view.last_message
        return {
            "id": room.id,
            "name": self._direct_name(view) if room.kind == RoomKind.DIRECT else room.name,
            "description": room.description,
            "kind": room.kind,
            "is_private": room.is_private,
            "created_at": rfc3339(room.created_at),
            "participants": [*map(persons.__getitem__, view.head)],
            "participants_count": room.participants_count,
            "role": None if membership is None else membership.role,
            "last_message": None
            if last_message is None
            else self.message(last_message, Receipts(last_read_seq, view.others_seen_seq)),
            "last_seq": room.last_seq,
            "last_read_seq": last_read_seq,
            "unread_count": view.unread_count,
            "unread_mentions": view.unread_mentions,
            "notify": NotifyLevel.ALL if membership is None else membership.notify,
            "muted_until": None if membership is None else optional_rfc3339(membership.muted(self._now)),
            "write": room.write,
            "cooldown": room.cooldown,
            "history": room.history,
        }

    def rooms(self, views: Iterable[RoomView]) -> list[Json]:
        """Return several rooms."""
        return [self.room(view) for view in views]

    def participants(self, found: ParticipantList) -> Json:
        """Return a page of a room's participants."""
        return {
            "room_id": found.room_id,
            "participants": [self.participant(membership) for membership in found.page.items],
        }

    def participant(self, membership: Membership) -> Json:
        """Return a participant: a Person with their role and receipt."""
        return {
            **person(self._people[membership.user_id], self._base, self._now),
            "role": membership.role,
            "last_read_seq": membership.last_read_seq,
        }

    def ban(self, ban: Ban) -> Json:
        """Return a ban: a User, with the time and the author of the ban."""
        return {
            **user(self._people[ban.user_id], self._base),
            "banned_at": rfc3339(ban.banned_at),
            "banned_by": ban.banned_by,
        }

    def invitation(self, invitation: Invitation) -> Json:
        """Return an invitation, without its token."""
        return {
            "id": invitation.id,
            "created_by": self._users[invitation.created_by],
            "expires_at": rfc3339(invitation.expires_at),
            "uses": invitation.uses,
            "used": invitation.used,
        }

    def block(self, block: Block) -> Json:
        """Return an entry of the list of blocked people: a User, with the time of the block."""
        return {**user(self._people[block.blocked_id], self._base), "blocked_at": rfc3339(block.blocked_at)}

    def _direct_name(self, view: RoomView) -> str:
        """Return the name of a direct chat: the name of the other participant."""
        others = [self._people[user_id] for user_id in view.head if user_id != self._viewer_id]
        return (others[0].full_name or others[0].username) if others else ""


def _plain_message(message: Message, author: orjson.Fragment, username: str, is_read: bool, is_blocked: bool) -> Json:
    """Return a message as if it had no reactions and mentions."""
    return {
        **shared_message_fields(message),
        "user": author,
        "user_username": username,
        "is_read": is_read,
        "is_blocked": is_blocked,
        "reactions": [],
        "mentions": [],
        "mentions_all": message.mentions_all and not is_blocked,
        "is_pinned": message.pin is not None and not message.is_deleted,
    }


def shared_message_fields(message: Message) -> Json:
    """Return the fields of a Message that are the same for every reader. The data export holds only these."""
    return {
        "id": message.id,
        "room": message.room_id,
        "seq": message.seq,
        "content": message.content,
        "timestamp": rfc3339(message.created_at),
        "edited_at": optional_rfc3339(message.edited_at),
        "is_deleted": message.is_deleted,
        "reply_to": message.reply_to,
        "client_id": message.client_id,
    }


def unread(counts: UnreadCounts) -> Json:
    """Return the counts of unread messages."""
    rooms = [
        {
            "room": room.membership.room_id,
            "unread_count": room.unread_count,
            "unread_mentions": room.unread_mentions,
            "last_read_seq": room.membership.last_read_seq,
        }
        for room in counts.rooms
    ]
    return {"total": counts.total, "mentions": counts.mentions, "rooms": rooms}


def user(shown: User, base: str) -> Json:
    """Return a User: the public part of an account, without the e-mail address."""
    return {
        "id": shown.id,
        "username": shown.username,
        "first_name": shown.first_name,
        "last_name": shown.last_name,
        "full_name": shown.full_name,
        "avatar": avatar(shown, base),
    }


def person(shown: User, base: str, now: Timestamp) -> Json:
    """Return a Person: a User with their presence."""
    return {**user(shown, base), **_presence_fields(*_presence(shown, now))}


def online(shown: User, base: str, now: Timestamp) -> Json:
    """Return an entry of the list of people who are online."""
    return {"user": user(shown, base), **_profile(shown, base, now)}


def account(own: User, base: str, now: Timestamp) -> Json:
    """Return an Account. Only its owner may receive it."""
    return {
        **user(own, base),
        "email": own.email,
        "email_verified": own.email_verified_at is not None,
        "date_joined": rfc3339(own.joined_at),
        "profile": _profile(own, base, now),
    }


def session(shown: Session, current: int, now: Timestamp) -> Json:
    """Return a Session of the caller. `current` is the id of the session that makes the request."""
    last_used_at = min(shown.last_used_at, now)
    return {
        "id": shown.id,
        "created_at": rfc3339(min(shown.created_at, last_used_at)),
        "last_used_at": rfc3339(last_used_at),
        "expires_at": rfc3339(shown.expires_at),
        "user_agent": shown.user_agent,
        "ip": shown.ip,
        "current": shown.id == current,
    }


def _profile(shown: User, base: str, now: Timestamp) -> Json:
    return {**_presence_fields(*_presence(shown, now)), "avatar": avatar(shown, base)}


def _presence(shown: User, now: Timestamp) -> tuple[bool, Timestamp | None]:
    return shown.is_online(now), shown.last_seen(now)


def _presence_fields(is_online: bool, last_seen: Timestamp | None) -> Json:
    return {"is_online": is_online, "last_seen": optional_rfc3339(last_seen)}
