"""The performance of the story: every action goes through the domain's services, at its own time.

So the change log, the search index, the counts and the receipts are those of a chat that people have used. The caller
gives services whose clock is a `StoryClock`. This module knows neither the texts nor the database.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from minichat.domain.model import DAY, HOUR, NotifyLevel, Role, Timestamp, User, WriteAccess
from minichat.domain.room_rules import RoomPolicy
from minichat.domain.services import Services
from minichat.story.cast import CAST, PASSWORD, Person
from minichat.story.script import Act, Scene

REGISTERED = 60 * DAY
"""The time before now at which the first person registers."""
INVITATION_SECONDS = 20 * DAY // 1_000
INVITATION_USES = 25


class StoryClock:
    """The time in the story, which the stage moves."""

    def __init__(self, now: Timestamp) -> None:
        self.now = now

    def __call__(self) -> Timestamp:
        return self.now


_Event = tuple[Timestamp, Scene, Act | None]
"""An act in a scene, or the opening of the scene."""


class Told(NamedTuple):
    """The numbers of what there is now."""

    people: int
    rooms: int
    messages: int


def perform(
    services: Services, clock: StoryClock, scenes: Sequence[Scene], draw: Callable[[str], bytes] | None
) -> Told:
    """Open each room an hour before its first act, and act all scenes out: see `minichat.story.tell`."""
    stage = _Stage(services, clock, draw)
    stage.register(CAST)
    openings: list[_Event] = [(scene.acts[0].at - HOUR, scene, None) for scene in scenes]
    acts: list[_Event] = [(act.at, scene, act) for scene in scenes for act in scene.acts]
    for at, scene, act in sorted(openings + acts, key=lambda event: event[0]):  # stable, so rooms keep their order
        clock.now = at
        if act is None:
            stage.open(scene)
        else:
            stage.perform(scene, act)
    stage.end(CAST)
    return Told(len(CAST), len(scenes), sum(act is not None and act.kind == "say" for _, _, act in acts))


class _Stage:
    def __init__(self, services: Services, clock: StoryClock, draw: Callable[[str], bytes] | None) -> None:
        self._services = services
        self._clock = clock
        self._now = clock.now
        self._draw = draw
        self._users: dict[str, User] = {}
        self._rooms: dict[str, int] = {}
        self._messages: dict[tuple[str, int], tuple[int, int]] = {}
        """The id and the `seq` of each message, by the label of its scene and its number."""
        self._invitations: dict[str, str] = {}
        """The newest token of each scene."""
        self._seen: dict[str, Timestamp] = {}
        self._perform: Mapping[str, Callable[[Scene, Act, int], object]] = {
            "say": self._say,
            "react": lambda scene, act, who: services.reactions.add(who, self._id(scene, act.number), act.text),
            "pin": lambda scene, act, who: services.pins.add(who, self._id(scene, act.number)),
            "edit": lambda scene, act, who: services.messaging.edit(who, self._id(scene, act.number), act.text),
            "delete": lambda scene, act, who: services.messaging.delete(who, self._id(scene, act.number)),
            "read": self._read,
            "invite": self._invite,
            "accept": lambda scene, _, who: services.invitations.accept(who, self._invitations[scene.label]),
            "hear": lambda scene, act, who: services.notifications.set(
                who, self._rooms[scene.label], notify=NotifyLevel(act.text)
            ),
        }

    def register(self, cast: Iterable[Person]) -> None:
        for place, person in enumerate(cast):
            self._clock.now = self._now - REGISTERED + place * HOUR
            user, _ = self._services.registration.register(
                person.username,
                PASSWORD,
                email=person.email,
                first_name=person.first_name,
                last_name=person.last_name,
            )
            if person.picture and self._draw is not None:
                user = self._services.avatars.upload(user.id, self._draw(person.picture))
            self._users[person.username] = user

    def open(self, scene: Scene) -> None:
        """Create the room with its first people."""
        owner, *others = (self._users[name].id for name in scene.people)
        if not scene.name:
            shown, _ = self._services.rooms.direct_chat(owner, others[0])
            self._rooms[scene.label] = shown.view.room.id
            return
        write = WriteAccess.MODERATORS if scene.is_announcements else WriteAccess.ALL
        shown = self._services.rooms.create(
            owner, scene.name, scene.about, scene.is_private, others, RoomPolicy(write=write)
        )
        room_id = self._rooms[scene.label] = shown.view.room.id
        for name in scene.moderators:
            self._services.moderation.set_role(owner, room_id, self._users[name].id, Role.MODERATOR)

    def perform(self, scene: Scene, act: Act) -> None:
        self._seen[act.who] = act.at
        self._perform[act.kind](scene, act, self._users[act.who].id)

    def end(self, cast: Iterable[Person]) -> None:
        """Log people in on their devices, note when everybody was last seen, and return to the present."""
        for person in cast:
            for days, device in enumerate(person.devices, start=2):
                self._clock.now = self._now - days * DAY
                self._services.sessions.log_in(person.username, PASSWORD, device)
        for username, at in sorted(self._seen.items(), key=lambda one: one[1]):
            self._clock.now = at
            self._services.presence.keep_online([self._users[username].id])
        self._clock.now = self._now

    def _say(self, scene: Scene, act: Act, _who: int) -> None:
        reply_to = None if act.to is None else self._id(scene, act.to)
        sent = self._services.messaging.send(
            self._users[act.who], self._rooms[scene.label], act.text, None, reply_to
        ).message
        self._messages[scene.label, act.number] = (sent.id, sent.seq)

    def _read(self, scene: Scene, act: Act, who: int) -> None:
        _, seq = self._messages[scene.label, act.number]
        self._services.participation.mark_read(who, self._rooms[scene.label], seq)

    def _invite(self, scene: Scene, _act: Act, who: int) -> None:
        created = self._services.invitations.create(
            who, self._rooms[scene.label], expires_in=INVITATION_SECONDS, uses=INVITATION_USES
        )
        self._invitations[scene.label] = created.token

    def _id(self, scene: Scene, number: int) -> int:
        return self._messages[scene.label, number][0]
