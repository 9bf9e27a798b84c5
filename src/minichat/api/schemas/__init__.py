"""The schemas of requests and answers.

marshmallow loads bodies by `requests` and `account_requests`, and queries by `queries`. It checks names and types. The
domain checks values, so the limits and `patterns` in these schemas are documentation, taken from the domain. `answers`
documents the JSON of `presenting`, `events` that of `api.events`, and `exports` that of `exporting`: the tests compare
every answer with them. `forms` and `shapes` are their common parts, and `fields` holds the types of values.
"""
