"""The live tests once more, under a gunicorn of the operator's own: `make slow` only, since they take minutes.

`test_own_gunicorn` holds the essence of this for `make test`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import SharedServers
from e2e.gunicorns import JSON_LOG
from scale import IS_SLOW
from servers import RunningServer, serving

if IS_SLOW:
    from e2e.test_live import *  # noqa: F403 - the same tests, with other servers
    from e2e.test_sockets import *  # noqa: F403

_KINDS = {"gthread": "--worker-class gthread --threads 100", "gevent": "--worker-class gevent"}
_TEST_MODULES = ("e2e.test_live", "e2e.test_sockets")


@pytest.fixture(scope="module", params=[*_KINDS.values()], ids=[*_KINDS])
def serve(request: pytest.FixtureRequest) -> Any:
    """Return a function like `serving` that runs gunicorn with this class of worker."""

    def serve(folder: Path, *args: str, **options: Any) -> AbstractContextManager[RunningServer]:
        return serving(
            folder,
            *("minichat.app:create_app()", "--no-control-socket", *JSON_LOG, *request.param.split(), *args),
            program="gunicorn",
            **options,
        )

    return serve


@pytest.fixture(scope="module")
def shared_servers(serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServers]:
    with ExitStack() as stack:
        yield SharedServers(tmp_path_factory, stack, serve)


@pytest.fixture(autouse=True)
def serving_by_gunicorn(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests start gunicorn where they start a server of their own."""
    for module in _TEST_MODULES:
        monkeypatch.setattr(f"{module}.serving", serve)
