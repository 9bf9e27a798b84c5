"""A believable chat for a first look: people, rooms and conversations of the last days.

`cast` has the people, `portraits` their avatars, and the files in `rooms/` the conversations, as plain text. `script`
reads them, `towns` adds a long game, and `stage` acts everything out through the domain's services, in the order of
time. This package knows no database and no framework, and holds no rule of the chat.
"""

from collections.abc import Callable

from minichat.domain.services import Services
from minichat.story.cast import MAIN, PASSWORD
from minichat.story.script import scenes
from minichat.story.stage import StoryClock, Told, perform
from minichat.story.towns import scene as game_of_towns

__all__ = ["MAIN", "PASSWORD", "StoryClock", "Told", "tell"]


def tell(services: Services, clock: StoryClock, draw: Callable[[str], bytes] | None = None) -> Told:
    """Fill an empty chat, up to the time of `clock`, which is the clock of `services`.

    `draw` returns the portrait of a name; without it all avatars are placeholders.
    """
    return perform(services, clock, [*scenes(clock.now), game_of_towns(clock.now)], draw)
