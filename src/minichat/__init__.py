"""minichat: a chat backend as a hexagon. The rules inside know nothing of the web or the database around them.

The path of one request, `POST /api/chat/messages/`, file by file:

1. `serving` runs gunicorn, whose worker hands the request to the Flask application that `app.py` has put together.
2. `api/authentication.py` finds out who calls: `api/tokens.py` verifies the access token,
   `domain/sessions.py` checks that its session lives.
3. `api/routes/messages.py` is the view. `api/parsing.py` has read the body strictly by the schema `MessageIn` of
   `api/schemas/`.
4. `domain/messaging.py` is the service: may they write here, is the text in order, has it been sent before. It speaks
   to the ports of `domain/ports/` in the terms of `domain/model/`, inside one transaction.
5. `adapters/peewee/stores/messages.py` is behind the port: it numbers and inserts the row; `stores/changes.py`
   appends to the change log; `engine/sqlite.py`, or `engine/postgres.py`, commits. In unit tests `adapters/memory`
   stands there. The hub, `live/hub.py`, sends each change to the listeners.
6. Back in the view, `api/presenting.py` writes the message as JSON. `api/errors.py` answers every error with a problem
   document, in the caller's language by `api/texts.py`.
"""

__version__ = "0.1.0"
