"""What Label Studio asks a machine-learning backend for."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

import httpx
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from captchascope import __version__
from captchascope.errors import ImageError
from captchascope.files import printable
from captchascope.model.onnxwalk import read_model
from captchascope.reader import model_path
from captchascope.records import Reading
from captchascope.web.batching import Batcher, Choice
from captchascope.web.label_studio.config import TextField, text_field
from captchascope.web.label_studio.images import TaskImages
from captchascope.web.metrics import Metrics
from captchascope.web.problems import Problem
from captchascope.web.schemas import json_of, validated
from captchascope.web.settings import LabelStudioSettings, Limits

_LOG = logging.getLogger(__name__)

_MOST_VALUES = 500_000  # in a body: a task has some thirty, and all that were chosen come at once
_LONGEST_ID = 40

_TRAINING = "training is done by captchascope train, on an export of the project"

Prediction: TypeAlias = dict[str, Any]


class SetupBody(BaseModel):
    """A project that is to be labelled; its host and token are not used."""

    config: str = Field(alias="schema")


class TaskBody(BaseModel):
    """A task; it has more than this."""

    id: Any = None
    data: Any = None


class PredictBody(BaseModel):
    """Tasks to read, and the labelling interface of their project."""

    tasks: list[TaskBody]
    label_config: str


class WebhookBody(BaseModel):
    """Something that happened in Label Studio."""

    action: str


def label_studio_routes(
    settings: LabelStudioSettings, model: str, limits: Limits, batcher: Batcher, metrics: Metrics
) -> APIRouter:
    """Return the routes of the backend.

    Args:
        settings: Where images are, and what is known of their texts.
        model: The name or file of the model that reads.
        limits: How much is taken in.
        batcher: What reads.
        metrics: What counts the readings.
    Raises:
        ModelError: If the model's file cannot be read.
    """
    backend = _Backend(settings, model, limits, batcher, metrics)
    routes = APIRouter()
    for path, endpoint, method in (
        ("/health", backend.health, "GET"),
        ("/versions", backend.versions, "GET"),
        ("/setup", backend.setup, "POST"),
        ("/predict", backend.predict, "POST"),
        ("/webhook", backend.webhook, "POST"),
        ("/train", backend.train, "POST"),
    ):
        routes.add_route(path, endpoint, methods=[method], include_in_schema=False)
    return routes


class _Backend:
    """The endpoints of the backend."""

    def __init__(
        self,
        settings: LabelStudioSettings,
        model: str,
        limits: Limits,
        batcher: Batcher,
        metrics: Metrics,
    ) -> None:
        # Now, not when it is first asked for: by then the file may hold another model.
        found = hashlib.sha256(read_model(model_path(model))).hexdigest()[:8]
        self._version = f"{batcher.readers.names[0]} {found}, captchascope {__version__}"
        self._patience = settings.patience
        self._images = TaskImages(settings, limits)
        self._choice = Choice(None, settings.options)
        self._at_once = max(1, min(limits.bodies // limits.body, limits.queue))
        self._batcher = batcher
        self._metrics = metrics
        self._turn = asyncio.Lock()  # so that few images are held, whoever else asks

    async def health(self, request: Request) -> JSONResponse:
        """Tell that images are read; until they are, Label Studio takes it for disconnected."""
        if not self._batcher.ready:
            raise Problem(503, self._batcher.state, {"Retry-After": "1"})
        return JSONResponse({"status": "UP", "model_class": "captchascope"})

    async def versions(self, request: Request) -> JSONResponse:
        return JSONResponse({"versions": [self._version]})

    async def setup(self, request: Request) -> JSONResponse:
        """Check that there is a field to fill in."""
        text_field(_checked(SetupBody, await request.body()).config)
        return JSONResponse({"model_version": self._version})

    async def predict(self, request: Request) -> JSONResponse:
        """Read the images of tasks: a prediction for each, none for those that time ran out for.

        Label Studio asks again for tasks that have none.
        """
        asked = _checked(PredictBody, await request.body())
        field, tasks = text_field(asked.label_config), asked.tasks
        results: list[Prediction | list[Prediction]] = []
        ends = asyncio.get_running_loop().time() + self._patience
        async with self._images.client() as client:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ends):  # whether it reads or waits for its turn
                    while len(results) < len(tasks):
                        async with self._turn:
                            few = tasks[len(results) : len(results) + self._at_once]
                            results += await self._read(few, field, client)
        results += [[] for _ in tasks[len(results) :]]
        return JSONResponse({"results": results, "model_version": self._version})

    async def webhook(self, request: Request) -> JSONResponse:
        """Take note of nothing: labels are fetched by an export."""
        action = _checked(WebhookBody, await request.body()).action
        if action == "START_TRAINING":
            raise Problem(501, _TRAINING)
        return JSONResponse({"status": "ok"})

    async def train(self, request: Request) -> JSONResponse:
        """Refuse to, as older versions of Label Studio ask for it."""
        raise Problem(501, _TRAINING)

    async def _read(
        self, tasks: Sequence[TaskBody], field: TextField, client: httpx.AsyncClient
    ) -> list[Prediction]:
        """Read a few tasks; one whose image cannot be had or read has an empty prediction."""
        fetched = await asyncio.gather(*(self._fetch(task, field, client) for task in tasks))
        images = [image for image in fetched if image is not None]
        found: list[Reading] = []
        if images:
            found, _ = await self._batcher.read(images, self._choice)
            self._metrics.count(found)
        readings = iter(found)
        return [
            self._prediction(task, field, None if image is None else next(readings))
            for task, image in zip(tasks, fetched, strict=True)
        ]

    async def _fetch(
        self, task: TaskBody, field: TextField, client: httpx.AsyncClient
    ) -> bytes | None:
        """Return the image of a task, None where it cannot be had."""
        address = task.data.get(field.key) if isinstance(task.data, dict) else None
        try:
            return await self._images.fetch(client, _called(task), address)
        except ImageError as error:
            _LOG.warning("captchascope: %s", error)
            return None

    def _prediction(self, task: TaskBody, field: TextField, reading: Reading | None) -> Prediction:
        told: Prediction = {"result": [], "score": 0.0, "model_version": self._version}
        if reading is None:
            return told
        if (error := reading.error) is not None:
            known = ImageError(_called(task), error.what, error.remedy)
            _LOG.warning("captchascope: %s", known)
            return told
        told["score"] = reading.confidence
        text = reading.value if self._choice.options.solve else reading.text
        if text is not None and not reading.abstained:
            value = {"text": [str(text)]}
            result = {"from_name": field.name, "to_name": field.image, "type": "textarea"}
            told["result"] = [{**result, "value": value}]
        return told


def _called(task: TaskBody) -> str:
    return f"task {printable(str(task.id)[:_LONGEST_ID])}"


_Body = TypeVar("_Body", bound=BaseModel)


def _checked(model: type[_Body], body: bytes) -> _Body:
    """Return the body of a request.

    Raises:
        Problem: 400 if it is no JSON, 422 if it lacks something.
    """
    return validated(model, json_of(body, _MOST_VALUES))
