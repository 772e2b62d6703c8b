"""The app, put together: the API, the pages, and what keeps them safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from captchascope.errors import CaptchascopeError
from captchascope.web import (
    api,
    problems,
)
from captchascope.web import (
    guard as access,
)
from captchascope.web import (
    templates as assets,
)
from captchascope.web.batching import Batcher
from captchascope.web.guard import Access, Door, Headers, Intake, Key
from captchascope.web.label import pages as label_pages
from captchascope.web.label.session import Desk
from captchascope.web.metrics import Measured, Metrics
from captchascope.web.pages import read as pages
from captchascope.web.pages import results
from captchascope.web.pages.results import Measurements
from captchascope.web.readers import Readers
from captchascope.web.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings) -> FastAPI:
    """Return the app that a server can serve; its models are opened when it starts.

    ``app.state.batcher`` reads for it; ``app.state.failure`` is what kept it from starting.

    Raises:
        DatasetError: If there is a folder to label, and it cannot be used.
        OutputError: If its labels cannot be stored.
        UsageError: If two models would be called the same.
    """
    metrics = Metrics()
    batcher = Batcher(Readers(settings.models, settings.limits), settings.limits, metrics)
    measurements = None if settings.data is None else Measurements(settings.data)
    desk = None if settings.label is None else Desk(settings.label)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        try:
            if desk is not None:
                desk.begin()
            yield
        except CaptchascopeError as error:
            app.state.failure = error
            raise
        finally:
            await batcher.stop()
            if measurements is not None:
                await asyncio.to_thread(measurements.close)
            if desk is not None:
                await asyncio.to_thread(desk.end)

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,  # web/openapi.py describes it, and no page shows scripts of elsewhere
    )
    app.state.batcher, app.state.failure = batcher, None
    app.include_router(api.router(settings, batcher, metrics))
    app.include_router(assets.router())
    app.include_router(pages.router(batcher, settings.limits, labels=desk is not None))
    app.include_router(results.router(batcher, measurements))
    if desk is not None:
        app.include_router(label_pages.router(desk))
    problems.install(app)
    _protect(app, settings, metrics, batcher)
    return app


def _protect(app: FastAPI, settings: Settings, metrics: Metrics, batcher: Batcher) -> None:
    """Put the layers around the app, the outermost last: what refuses is dressed and counted."""
    app.add_middleware(Intake, limits=settings.limits, check=batcher.check)
    if settings.token is not None:
        key = Key(settings.token)
        app.include_router(access.router(key))
        app.add_middleware(Access, key=key)
    app.add_middleware(Door, settings=settings)
    app.add_middleware(Headers)
    app.add_middleware(Measured, metrics=metrics)
