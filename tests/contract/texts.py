"""Texts that a store may change by mistake: it must return them exactly."""

TRICKY_TEXTS = [
    "plain",
    "Привет, мир",
    "日本語 🙂 👩\u200d👩\u200d👧",
    "e\u0301 and é stay two",
    "line\n\ttab\n",
    "  spaces  ",
    "'single' \"double\" `back` \\ %s ? :name {} $1",
    "'; DROP TABLE message; --",
    "null NULL None \\0 \\x00",
    "123",
    "1e5",
    "true",
    "שלום \u202bעולם\u202c",
    "\u2028\u2029\ufeff\u200b",
    "\U0010ffff\ue000",
    "x" * 4_000,
]
