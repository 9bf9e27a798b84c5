"""minichat: a chat backend as a hexagon. The rules inside know nothing of the web or the database around them.

The path of one request, `POST /api/chat/messages/`, file by file:

1. `serving.py` runs gunicorn, whose worker hands the request to the Flask application that `app.py` has put together.
2. `api/context.py` gives it an id and finds out who calls: `api/tokens.py` verifies the access token,
   `domain/sessions.py` checks that its session lives.
3. `api/messages.py` is the view. `api/parsing.py` has read the body strictly by the schema `MessageIn` of
   `api/schemas/`.
4. `domain/messaging.py` is the service: may they write here, is the text in order, has it been sent before. It speaks
   to the ports of `domain/ports/` in the terms of `domain/model.py`, inside one transaction.
5. `adapters/peewee/messages.py` is behind the port: it numbers and inserts the row; `adapters/peewee/changes.py`
   appends to the change log; `adapters/peewee/sqlite.py`, or `postgres.py`, commits. In unit tests `adapters/memory`
   stands there. Whoever listens is told from that log by `api/hub.py`.
6. Back in the view, `api/present.py` writes the message as JSON. Whatever was refused on the way became a problem
   document in `api/errors.py`, in the caller's language by `api/texts.py`.
"""
