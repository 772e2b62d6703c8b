"""The app, put together: the API, the pages, and what keeps them safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from captchascope.web import access, api, assets, pages, problems
from captchascope.web.access import Access, Key
from captchascope.web.batching import Batcher
from captchascope.web.intake import Intake
from captchascope.web.label import pages as label_pages
from captchascope.web.label.desk import Desk
from captchascope.web.metrics import Measured, Metrics
from captchascope.web.readers import Readers
from captchascope.web.safety import Door, Headers
from captchascope.web.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings) -> FastAPI:
    """Return the app that a server can serve; its models are opened when it starts."""
    metrics = Metrics()
    batcher = Batcher(Readers(settings.models, settings.limits), settings.limits, metrics)

    desk = None if settings.label is None else Desk(settings.label)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        if desk is not None:
            desk.begin()
        try:
            yield
        finally:
            await batcher.stop()
            if desk is not None:
                await asyncio.to_thread(desk.end)

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,  # web/openapi.py describes it, and no page of elsewhere
    )
    app.state.settings = settings
    app.state.batcher = batcher
    app.include_router(api.router(settings, batcher, metrics))
    app.include_router(assets.router())
    app.include_router(pages.router(batcher, settings.limits, labels=desk is not None))
    if desk is not None:
        app.include_router(label_pages.router(desk))
    problems.install(app)
    # From the innermost to the outermost, which refusals of the others pass, too.
    app.add_middleware(Intake, limits=settings.limits)
    if settings.token is not None:
        key = Key(settings.token)
        app.include_router(access.router(key))
        app.add_middleware(Access, key=key)
    app.add_middleware(Door, settings=settings)
    app.add_middleware(Headers)
    app.add_middleware(Measured, metrics=metrics)
    return app
