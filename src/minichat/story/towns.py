"""A game of towns that a team plays for weeks: each town begins with the last letter of the one before.

It is the long room of the story, in Russian, where scrolling is worth it. The towns are in `towns.txt`. The game is the
same each time. This module knows nobody but the players.
"""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import cycle
from zlib import crc32

from minichat.domain.model import Timestamp
from minichat.story.script import Scene, read

DAYS = 26
PER_BREAK = 4
"""Number of turns in a row, before everybody works again."""
BREAKS_TODAY = (160, 118, 61)
"""Minutes before now."""
TODAY = PER_BREAK * len(BREAKS_TODAY)
SILENT = "ьъый"
"""Last letters that do not count, as people play it."""

HEAD = """== Города 🏙️
about: Последняя буква — первая буква. Ь, Ъ, Ы и Й не считаются. Повторяться нельзя, гуглить стыдно.
people: oleg* lena+ anna misha dasha katya james
"""
PLAYERS = ("misha", "oleg", "lena", "dasha", "misha", "katya", "anna", "oleg", "dasha", "lena", "misha", "james")
"""The order of turns: some play more often than others."""

OPENING = f"""
-- {DAYS} days ago 07:30
oleg: Правила просты: последняя буква — первая буква. Ь, Ъ, Ы и Й пропускаем. Играем в перерывах, не вместо работы
  pinned by oleg
  + 👍 lena misha dasha
katya: Можно я тоже? Я не работаю у вас, но города знаю
oleg: Можно. У нас тут единственная комната без рабочих вопросов
  + ❤️ katya
james: Hello! I am learning Russian. Can I play? I have a list of forty towns and a strong will
misha: давай! только без списка
james: Without the list I have four towns and a strong will
  + 😂 misha oleg lena katya
-- 25 minutes later
"""

ASIDES = """
lena: Олег, ты сказал «в перерывах». Время 10:40
oleg: У меня перерыв в голове

misha: играю с телефона под столом на планёрке
anna: Миша, я веду эту планёрку
  + 😂 oleg lena dasha katya

dasha: Кто опять на «А» закончил? Города на А скоро кончатся
oleg: Не кончатся. Я готовился

oleg: Было!
misha: не было
oleg: Прокрути вверх. Я подожду
misha: ...было
  + 😂 lena dasha

lena: Я сейчас поспорила с навигатором в такси, что такой город есть. Победила дружба
  + 😂 anna

anna: Это вообще город или посёлок?
oleg: Город с 1938 года. Я смотрел
dasha: Ты же говорил, гуглить стыдно
oleg: Я смотрел в энциклопедии. Бумажной
  + 👏 katya

misha: опять Н. опять я. это заговор
  + 😅 oleg

katya: Муж играет с нами вслух с дивана. Ему можно?
oleg: Нет. Но его «Норильск» хорош

dasha: Можно назвать город, который я придумала?
oleg: Нет.
dasha: Он очень красивый
oleg: Всё равно нет. Нарисуй и подари
  + ❤️ lena katya

james: What is the letter after this one? I think the soft sign has no town. It is very sad
misha: берём предпоследнюю. мягкий знак переживёт
james: Thank you. I feel for it
  + 😂 anna dasha

lena: Ночью придумала город на Й. Утром не смогла вспомнить
oleg: Йошкар-Ола?
lena: ДА
  + 🎉 katya misha

oleg: Счёт: Миша 31, я 29, Даша 22, Лена 20, Катя 14, Аня 11, Джеймс 5 и сильная воля
  + 😂 misha james lena dasha katya

anna: Хотела позвать всех на обед, но вижу, у вас финал
misha: мы идём. держите букву
  + 🍲 oleg lena

katya: Я в поезде, связь есть только на станциях. Зато подсказки прямо за окном
oleg: Это нечестно и гениально
  + 🔥 dasha

dasha: Нарисовала карту всех наших городов. Получилась морская звезда
  + 😍 lena katya anna

misha: было?
oleg: Не было, но я проверил дважды, потому что это ты
  + 😂 lena

lena: Внимание, я на больничном и играю с температурой 38. Никаких претензий
anna: Лена, выздоравливай! И не смей выигрывать
  + ❤️ lena oleg dasha

james: My daughter knows this one from a cartoon. I will not say which
  + 😂 misha

oleg: Нас читает шестой этаж. Просят не останавливаться
  + 👀 misha dasha lena

anna: У меня в списке дел сегодня три пункта: релиз, бюджет, город на Ы
misha: на ы не надо!
anna: Вот и хорошо, минус пункт
  + 😂 oleg lena katya

dasha: Тишина такая, будто все работают
misha: мы думаем
dasha: Два часа?
misha: буква такая
  + 😂 katya lena

katya: А за зарубежные города штраф?
oleg: Нет. Но я вздыхаю
  + 😅 james

oleg: Кто-нибудь, остановите Мишу, он пишет в три ночи
misha: мне не спалось, а города помогают. я теперь засыпаю на «Сыктывкаре»
  + 😂 anna lena dasha katya

lena: Предлагаю приз: кто напишет последний город года, тому торт
dasha: Какой торт?
lena: Наполеон. Он тоже брал города
  + 🤣 oleg misha anna katya dasha

anna: Эта комната — лучшее, что мы сделали в этом квартале
oleg: Лучше, чем офлайн-карты?
anna: Офлайн-карты не закончены. А тут уже глава вторая
  + 😂 misha lena
"""


def towns() -> Sequence[str]:
    """Return the towns of the game, as they were played."""
    text = files(__package__).joinpath("towns.txt").read_text(encoding="utf-8")
    return re.split(r",\s", text.strip())


def last_letter(town: str) -> str:
    """Return the letter that the next town begins with, in upper case."""
    return next(char for char in reversed(town.lower()) if char not in SILENT).replace("ё", "е").upper()


def scene(now: Timestamp) -> Scene:
    """Return the room with the whole game, as it looks at that time."""
    return read("towns", f"{HEAD}\n{''.join(_lines(towns()))}", now)


def _lines(played: Sequence[str]) -> Iterator[str]:
    """Yield the script: some turns each day with an aside now and then, and the last turns just now."""
    asides = iter(ASIDES.strip().split("\n\n"))
    earlier, recent = played[:-TODAY], played[-TODAY:]
    per_day = -(-len(earlier) // DAYS)
    per_aside = len(earlier) // (ASIDES.count("\n\n") + 1)
    turns = cycle(PLAYERS)
    for number, town in enumerate(earlier):
        day, place = divmod(number, per_day)
        if place == 0:
            yield f".. all read\n-- {DAYS - day} days ago {7 + day % 5:02}:{day * 37 % 60:02}\n" if day else OPENING
        elif place % PER_BREAK == 0:
            yield f"-- {17 + crc32(town.encode()) % 40} minutes later\n"
        if number % per_aside == per_aside - 1:
            yield f"{next(asides, '')}\n"
        yield f"{next(turns)}: {town}\n"
    yield ".. anna hears mentions\n.. all read\n"
    for place, town in enumerate(recent):
        if place % PER_BREAK == 0:
            yield f"-- {BREAKS_TODAY[place // PER_BREAK]} minutes ago\n"
        yield f"{next(turns)}: {town}\n"
    yield ".. oleg misha lena read\n"
