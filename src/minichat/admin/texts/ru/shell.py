"""The frame of every page: navigation, lists, forms, results and the sign-in."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "administration": "Администрирование",
    "skip": "Перейти к содержанию",
    "navigation": "Разделы",
    "sign_in": "Войти",
    "sign_in_about": "Для администраторов этого сервера.",
    "sign_out": "Выйти",
    "username": "Имя пользователя",
    "password": "Пароль",
    "signed_in_as": "Вы вошли как {name}",
    "language": "Язык",
    "needs_https": "Страница открыта без шифрования, поэтому войти здесь не получится. Откройте её по HTTPS:",
    "page_too_old": "Страница устарела, поэтому ничего не изменилось. Попробуйте ещё раз.",
    "filter": "Фильтр",
    "apply": "Применить",
    "clear": "Сбросить",
    "next": "Дальше",
    "previous": "Назад",
    "first_page": "К началу списка",
    "more_pages": "Страницы списка",
    "back": "Назад",
    "cancel": "Отмена",
    "save": "Сохранить",
    "copy": "Скопировать",
    "copied": "Скопировано",
    "never": "никогда",
    "none": "нет",
    "form_has_errors": "Проверьте отмеченные поля.",
    "show_all": "Показать все",
}
