"""The app: the API, the pages, and the middleware before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.types import Scope

from captchascope.errors import CaptchascopeError
from captchascope.web import api, guard, login, problems, proxy
from captchascope.web.access import log_request
from captchascope.web.batching import Batcher, Readers
from captchascope.web.label.pages import label_routes
from captchascope.web.label.session import LabelSession
from captchascope.web.metrics import Metrics
from captchascope.web.pages import audit, read, results
from captchascope.web.pages.auditing import Audits
from captchascope.web.settings import Settings
from captchascope.web.templates import static_routes

TRAINED = "trained-here"
"""What requests call the model that was trained on the labels of the folder."""


def create_app(settings: Settings, told: Callable[[str], object] = lambda line: None) -> FastAPI:
    """Return the app that a server can serve; its models are opened when it starts.

    ``app.state.batcher`` reads for it, ``app.state.metrics`` are its figures,
    ``app.state.answered`` is told of every answer, and ``app.state.failure`` is what kept it from
    starting.

    Args:
        settings: How it behaves.
        told: Called with a line on what happens in the background.
    Raises:
        DatasetError: If there is a folder to label, and it cannot be used.
        OutputError: If its labels cannot be stored.
        UsageError: If two models would be called the same.
    """
    metrics = Metrics()

    def answered(request: Scope, status: int, size: int, seconds: float) -> None:
        metrics.answered(request["path"], status, seconds)
        if settings.access_log:
            log_request(request, status, size, seconds)

    readers = Readers(settings.models, settings.limits, settings.providers)
    batcher = Batcher(readers, settings.limits, metrics)
    measurements = None if settings.data is None else results.Measurements(settings.data)
    audits = Audits()
    labelling = None
    if settings.label is not None:
        labelling = LabelSession(settings.label, told, partial(batcher.readers.offer, TRAINED))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        try:
            if labelling is not None:
                await asyncio.to_thread(labelling.begin)
            yield
        except CaptchascopeError as error:
            app.state.failure = error
            raise
        finally:
            await batcher.stop()
            await asyncio.to_thread(audits.close)
            if measurements is not None:
                await asyncio.to_thread(measurements.close)
            if labelling is not None:
                try:
                    await asyncio.to_thread(labelling.end)
                except Exception as error:
                    app.state.failure = app.state.failure or error

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,  # web/api.py describes it, and no page shows scripts of elsewhere
    )
    app.router.redirect_slashes = False  # problems.py does, and says so
    app.state.batcher, app.state.failure = batcher, None
    app.state.metrics, app.state.answered = metrics, answered
    app.include_router(api.api_routes(settings, batcher, metrics))
    app.include_router(static_routes())
    app.include_router(read.read_routes(batcher, settings.limits, labels=labelling is not None))
    app.include_router(results.results_routes(batcher, measurements))
    app.include_router(audit.audit_routes(audits, settings.data, settings.workers))
    if labelling is not None:
        app.include_router(label_routes(labelling))
    if settings.label_studio is not None:
        from captchascope.web.label_studio.routes import label_studio_routes  # httpx is its extra

        app.include_router(
            label_studio_routes(
                settings.label_studio, settings.models[0], settings.limits, batcher, metrics
            )
        )
    problems.install(app)
    # Layers, the outermost last: what refuses is dressed and counted.
    if settings.root_path:
        app.add_middleware(proxy.MountMiddleware, root_path=settings.root_path)
    app.add_middleware(guard.BodyLimitMiddleware, limits=settings.limits, check=batcher.check)
    token = None if settings.token is None else login.Token(settings.token)
    if token is not None:
        app.include_router(login.login_routes(token))
    app.add_middleware(login.TokenMiddleware, token=token)
    app.add_middleware(guard.HostOriginMiddleware, settings=settings)
    app.add_middleware(guard.ResponseMiddleware, answered=answered)
    if settings.root_path:
        app.add_middleware(proxy.RootPathMiddleware, root_path=settings.root_path)
    if settings.proxies:
        app.add_middleware(proxy.TrustedProxyMiddleware, proxies=settings.proxies)
    return app
