"""The app, put together: the API, the pages, and what keeps them safe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from captchascope import __version__
from captchascope.web import api, problems
from captchascope.web.batching import Batcher
from captchascope.web.readers import Readers
from captchascope.web.safety import Door, Headers
from captchascope.web.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings) -> FastAPI:
    """Return the app that a server can serve; its models are opened when it starts."""
    batcher = Batcher(Readers(settings.models, settings.limits), settings.limits, lambda size: None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        try:
            yield
        finally:
            await batcher.stop()

    app = FastAPI(
        title="captchascope", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.state.settings = settings
    app.state.batcher = batcher
    app.include_router(api.router(batcher))
    problems.install(app)
    app.add_middleware(Door, settings=settings)
    app.add_middleware(Headers)  # the outermost: refusals have them too
    return app
