"""An administrator with an authenticator app, for tests of the second factor on any set of ports."""

from builders import PASSWORD, Chat, Person
from minichat.domain.model import Device, Gate, HalfSignIn
from minichat.domain.second_factor import SecondFactors
from minichat.domain.second_factor_codes import STEP

HOME = Device("Firefox", "192.0.2.1")


class Administrator:
    """A superuser with an app; each method is one act in the administration."""

    def __init__(self, chat: Chat, username: str = "root") -> None:
        self.chat = chat
        self.user = chat.services.registration.create_superuser(username, PASSWORD)
        self.secret = ""
        self.recovery_codes: list[str] = []
        self.person = self.signs_in()

    @property
    def factors(self) -> SecondFactors:
        return self.chat.services.second_factors

    def enters_password(self, device: Device = HOME) -> HalfSignIn:
        """Begin a sign-in that awaits its code."""
        half = self.chat.services.administrator_sign_in.enter_password(self.user.username, PASSWORD, device)
        assert isinstance(half, HalfSignIn)
        return half

    def enters_code(self, half: HalfSignIn, code: str, device: Device = HOME) -> Person:
        return Person(self.chat, *self.chat.services.administrator_sign_in.enter_code(half, code, device))

    def signs_in(self, device: Device = HOME) -> Person:
        """Sign in without a second factor."""
        opened = self.chat.services.administrator_sign_in.enter_password(self.user.username, PASSWORD, device)
        assert not isinstance(opened, HalfSignIn)
        return Person(self.chat, *opened)

    @property
    def app_shows(self) -> str:
        """The code of the app at this time."""
        return self.chat.ports.one_time_codes.code(self.secret, self.chat.clock() // STEP)

    @property
    def next_code(self) -> str:
        """The code that the app shows next, 30 seconds later."""
        self.chat.clock.advance(STEP / 1000)
        return self.app_shows

    def begins(self) -> None:
        """Begin a set-up, and scan the QR code."""
        self.factors.begin(self.person.caller, PASSWORD, HOME)
        key = self.factors.set_up_key(self.person.caller, "minichat")
        assert key is not None
        self.secret = key.secret

    def sets_up(self) -> "Administrator":
        self.begins()
        self.recovery_codes = list(self.factors.confirm(self.person.caller, self.app_shows, HOME))
        return self

    def gate(self, person: Person | None = None) -> Gate:
        """How far a session opens the administration, by default the one of the set-up."""
        return self.chat.services.administrator_sign_in.gate((person or self.person).caller)
