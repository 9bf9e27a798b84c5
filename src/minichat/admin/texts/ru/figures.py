"""Figures about the use of the server."""

from minichat.admin.texts.plurals import Table

TEXTS: Table = {
    "title": "Статистика",
    "period": "Период",
    "days_1": "Последние 24 часа",
    "days_7": "7 дней",
    "days_30": "30 дней",
    "about": "Данные со всех серверов, часы и дни — по UTC. Обновляются с задержкой в несколько секунд.",
    "registrations": "Регистрации",
    "registrations_about": "Аккаунты, которые люди создали сами.",
    "active": "Активные люди",
    "active_about": "Те, кто отправлял запросы или держал чат открытым.",
    "messages": "Сообщения",
    "messages_about": "Отправленные сообщения — в комнатах и личных чатах.",
    "streams": "Подключения",
    "streams_about": "Открытые соединения для событий в реальном времени.",
    "refusals": "Отказы",
    "refusals_about": "Запросы, отклонённые из-за неверных данных для входа, нехватки прав или превышения лимита.",
    "total": "Всего {number}",
    "most_in_hour": "До {number} за час",
    "most_in_day": "До {number} за день",
    "chart_of": "Диаграмма: {name}, {span}.",
    "as_table": "Показать таблицей",
    "hour": "Час (UTC)",
    "day": "День (UTC)",
}
