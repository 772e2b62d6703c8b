"""The Audit page: starts an audit, shows how far it is, and gives its report."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from captchascope.errors import MissingExtraError
from captchascope.files import printable
from captchascope.generate import SCHEMES
from captchascope.web.pages.auditing import FIGURES, REPORT, Audits
from captchascope.web.problems import Problem, shows_pages
from captchascope.web.templates import local_url, render_page

MINUTES = (5, 15, 30)
"""How long an audit may take."""

REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The report brings its style and its pictures itself, and has no script."""

_FOLDER = "/"  # what a form calls the server's folder: no scheme can be called so
_SCHEMES = {name: title for name, title in SCHEMES.items() if name != "general"}  # no one scheme
_NEEDS = {"report": ("matplotlib", "filelock"), "train": ("torch", "onnx", "onnxscript")}


def audit_routes(audits: Audits, data: Path | None, workers: int) -> APIRouter:
    """Return the routes of the Audit page.

    Args:
        audits: Those of this process.
        data: The folder that can be audited beside the schemes; None for none.
        workers: How many processes answer; where there are several, none audits.
    """
    routes = APIRouter(include_in_schema=False)
    subjects: dict[str, tuple[str, str, Path | None]] = {n: (n, n, None) for n in _SCHEMES}
    if data is not None:
        place = data.resolve()  # audited from beside it, as no report needs to tell where it lies
        subjects[_FOLDER] = f"./{place.name}", printable(place.name), place.parent

    def page(status: int = 200, *, refused: bool = False) -> Response:
        state = audits.state
        shown = partial(render_page, status=status, here="audit", state=state)
        if state is not None and state.running:
            return shown("auditing.html", refused=refused)
        folder = subjects[_FOLDER][1] if _FOLDER in subjects else ""
        form = partial(shown, folder=folder, schemes=_SCHEMES, minutes=MINUTES, workers=workers)
        return form("audit.html", missing=_missing())

    @routes.get("/audit")
    def _show() -> Response:
        return page()

    @routes.post("/audit")
    def _start(
        request: Request, subject: Annotated[str, Form()], minutes: Annotated[int, Form()]
    ) -> Response:
        if subject not in subjects or minutes not in MINUTES:
            raise Problem(422, "this is not a form of the page")
        if workers > 1:
            raise Problem(409, "several workers cannot audit", remedy="serve with --workers 1")
        if "report" in _missing():
            missing = MissingExtraError("an audit", "report")
            raise Problem(501, missing.what, remedy=missing.remedy)
        if audits.start(*subjects[subject], minutes * 60.0):
            return _back()
        if shows_pages(request):
            return page(409, refused=True)
        raise Problem(409, "an audit is running", remedy="wait for its end, or stop it")

    @routes.post("/audit/stop")
    def _stop() -> Response:
        audits.stop()
        return _back()

    @routes.get("/audit/report")
    def _report() -> Response:
        headers = {"Content-Security-Policy": REPORT_POLICY}
        return Response(_whole(audits, REPORT), headers=headers, media_type="text/html")

    @routes.get("/audit/report.json")
    def _figures() -> Response:
        return Response(_whole(audits, FIGURES), media_type="application/json")

    return routes


def _missing() -> list[str]:
    """Return the extras that an audit needs, and of which packages are missing."""
    return [extra for extra, needed in _NEEDS.items() if not all(map(find_spec, needed))]


def _whole(audits: Audits, name: str) -> bytes:
    """Return a report.

    Raises:
        Problem: 404 if there is none.
    """
    report = audits.report(name)
    if report is None:
        raise Problem(404, "there is no report: start an audit, or wait for its end")
    return report


def _back() -> Response:
    return RedirectResponse(local_url("/audit"), 303)
