"""Provender over HTTP: the same reads, statuses and errors, for services that are not in Python.

`uvicorn --factory provender.http:create_app` starts it, with settings from the environment; see
docs/http.md. It needs the extra `provender[http]`.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["create_app"]

_NEEDED = ("fastapi", "orjson", "prometheus_client")


def _require_the_extra() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"provender.http needs {', '.join(missing)}, which is not installed."
            " Run `pip install 'provender[http]'`."
        )


_require_the_extra()


def create_app() -> "FastAPI":
    """Return the application that the environment describes; the factory for uvicorn.

    Raise SystemExit with one sentence for each setting that is missing or wrong.
    """
    # Here and not above: `python -m provender.http.api_keys` must not import itself twice.
    app = import_module("provender.http.app")
    settings = import_module("provender.http.settings")
    try:
        built: FastAPI = app.build_app(settings.from_environment())
    except settings.CANNOT_START as error:
        raise SystemExit(f"provender.http cannot start.\n{error}") from None
    return built
