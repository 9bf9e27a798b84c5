"""minichat: a chat backend as a hexagon. The rules inside know nothing of the web or the database around them.

The path of one request, `POST /api/chat/messages/`, file by file:

1. `serving/` runs gunicorn. Its worker calls the Flask application that `app.py` builds. `api/forwarding.py` determines
   the client's address and the host, by the definitions in `addresses.py`.
2. `api/authentication.py` authenticates the caller: `api/tokens.py` verifies the access token, and
   `domain/sessions.py` checks that its session lives.
3. `api/parsing.py` reads the body strictly. `api/arguments.py` checks it by the schema `MessageIn` of
   `api/schemas/requests.py`, and the view in `api/routes/messages.py` gets the fields.
4. `domain/messaging.py` is the service. It checks the text and the membership, and recognises a repeated message. It
   works on the entities of `domain/model/` and calls the ports of `domain/ports/`, inside one transaction.
5. `adapters/peewee/stores/messages.py` implements the port: it numbers and inserts the row. `stores/changes.py` appends
   to the change log, and `engine/sqlite.py` or `engine/postgres.py` commits. Unit tests use `adapters/memory/` instead.
6. `api/presenting.py` builds the JSON answer. `api/errors.py` answers every error with a problem document, in the
   caller's language (`api/texts.py`).
7. Meanwhile the hub, `live/hub.py`, reads the change log and sends the event to every listener in the room.

`docs/architecture.md` is the map, `docs/extending.md` shows how to add a field and an endpoint.
"""

__version__ = "0.1.0"
