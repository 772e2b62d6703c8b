"""The HTTP API."""

from __future__ import annotations

from fastapi import APIRouter, Response

from captchascope.web.batching import Batcher

__all__ = ["router"]


def router(batcher: Batcher) -> APIRouter:
    """Return the routes of the API."""
    routes = APIRouter()

    @routes.get("/healthz", summary="Tell that the process lives")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    return routes
