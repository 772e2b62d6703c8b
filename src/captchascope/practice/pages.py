"""The pages of the practice site, and the few files that they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import jinja2

__all__ = ["COURSES", "NOTICES", "STATIC", "Form", "message_page", "registration_page", "static"]

COURSES = {
    "ASTR 101": "Introduction to astronomy",
    "BIOL 120": "Plants and their pollinators",
    "CENG 140": "Programming in C",
    "ENGL 211": "Academic writing",
    "HIST 202": "A history of writing systems",
    "MATH 119": "Calculus with analytic geometry",
    "PHYS 105": "General physics: mechanics",
}
"""What can be registered for."""

NOTICES = {
    "right": "You are registered. The characters were right.",
    "wrong": "The characters did not match the picture. Please try the new one.",
    "expired": "That picture had been answered, or was never shown. Please use the new one.",
    "incomplete": "Please fill in every field and choose a course.",
}
"""What comes of a form."""

STATIC = {
    "style.css": "text/css; charset=utf-8",
    "refresh.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files beside the pages, with their types."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the registration page shows.

    Attributes:
        javascript: Whether only a script shows the image.
        right: How many answers of this visitor were right.
        answered: How many there were.
        fields: What was filled in before, by name.
        notice: A name of ``NOTICES``, or None.
    """

    javascript: bool
    right: int = 0
    answered: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    notice: str | None = None


def registration_page(form: Form) -> str:
    """Return the page with the form."""
    notice = NOTICES[form.notice] if form.notice else None
    return _template("registration.html").render(form=form, courses=COURSES, notice=notice)


def message_page(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _template("message.html").render(title=title, text=text)


@cache
def static(name: str) -> bytes:
    """Return a file of ``STATIC``."""
    folder: Traversable = resources.files("captchascope.practice").joinpath("html")
    return folder.joinpath(name).read_bytes()


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda file: static(file).decode()),
    )
    return environment.get_template(name)
