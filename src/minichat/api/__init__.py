"""The HTTP face of the domain: blueprints, schemas, tokens, errors.

A request passes `context` (who calls, in which language), is parsed by `parsing` against a schema of `schemas`, is
handed to a service of the domain by a view of `auth`, `users`, `rooms` or `messages`, and its result is written by
`present`. What a service refuses becomes a problem document in `errors`. Nothing here knows a database.
"""
