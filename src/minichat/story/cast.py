"""The people of the story: the team of a hiking app, their friends and a family. This module knows no room."""

from typing import NamedTuple

from minichat.domain.model import Device

PASSWORD = "demo-password-1"  # noqa: S105 - of everybody in the story, as `minichat demo` prints
EMAIL_DOMAIN = "example.org"


class Person(NamedTuple):
    username: str
    first_name: str
    last_name: str
    picture: str = ""
    """The name of a portrait (`portraits`); empty for the placeholder."""
    devices: tuple[Device, ...] = ()
    """From which the person is logged in."""

    @property
    def email(self) -> str:
        return f"{self.username}@{EMAIL_DOMAIN}" if self.username.isascii() else ""


class Main(NamedTuple):
    """A person to log in as, and the reason in English."""

    username: str
    reason: str


MAIN = (
    Main("anna", "reads Russian and English: eleven rooms, unread messages, mentions and an invitation"),
    Main("james", "works in English: a code review, announcements and a book club"),
    Main("max", "has just arrived: a few rooms, and a name that fits no badge"),
)

_LAPTOP = Device("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "192.0.2.17")
_PHONE = Device(
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 "
    "Mobile/15E148 Safari/604.1",
    "198.51.100.4",
)
_MAC = Device(
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 "
    "Safari/537.36",
    "203.0.113.80",
)

CAST = (
    Person("anna", "Анна", "Соколова", "mountains", (_LAPTOP, _PHONE)),
    Person("james", "James", "Okafor", "sea", (_MAC, _PHONE)),
    Person("misha", "Михаил", "Левин", "cat"),
    Person("dasha", "Дарья", "Ким", "leaf"),
    Person("oleg", "Олег", "Петренко"),
    Person("priya", "Priya", "Raman", "moon"),
    Person("tomas", "Tomáš", "Novák"),
    Person("lena", "Елена", "Гусева"),
    Person("sofia", "Sofía", "Martínez", "sun"),
    Person("omar", "عمر", "حداد"),
    Person("yuki", "由紀", "佐藤"),
    Person("max", "Maximilian-Alexander", "Featherstonehaugh-Cholmondeley", "", (_MAC,)),
    Person("katya", "Катя", "Воробьёва", "tent"),
    Person("natalya", "Наталья", "Соколова"),
    Person("сергей.соколов", "Сергей", "Соколов"),
    Person("deploy-bot", "Deploy", "Bot", "robot"),
)
