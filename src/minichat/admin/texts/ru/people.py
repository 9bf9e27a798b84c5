"""People: the list, the page of one account and its actions."""

from minichat.admin.texts.plurals import Plural, Table

TEXTS: Table = {
    "title": "Люди",
    "search": "Часть имени",
    "odd_query": "В запросе есть символы, которых не бывает в именах.",
    "nobody": "Никого не нашлось.",
    "username": "Имя пользователя",
    "name": "Имя",
    "state": "Состояние",
    "joined": "Регистрация",
    "last_seen": "Последний визит",
    "active": "активен",
    "disabled": "отключён",
    "superuser": "суперпользователь",
    "account": "Аккаунт",
    "disable": "Отключить",
    "disable_title": "Отключить аккаунт {name}?",
    "disable_text": "Все сеансы сразу завершатся. Войти снова можно будет только после включения аккаунта. "
    "Сообщения и комнаты останутся.",
    "disable_done": "Аккаунт {name} отключён, все сеансы завершены.",
    "enable": "Включить",
    "enable_title": "Включить аккаунт {name}?",
    "enable_text": "Можно будет снова войти с прежним паролем.",
    "enable_done": "Аккаунт {name} снова включён.",
    "log_out": "Завершить сеансы",
    "log_out_title": "Завершить все сеансы {name}?",
    "log_out_text": "Все сеансы сразу завершатся. Можно будет войти снова.",
    "log_out_done": Plural(
        "Все сеансы {name} завершены: {count} сеанс.",
        "Все сеансы {name} завершены: {count} сеанса.",
        "Все сеансы {name} завершены: {count} сеансов.",
    ),
}
