"""An audit as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from audit import making
from captchascope.audit.report.as_json import from_json, json_text, pictures_of, to_json
from captchascope.audit.results import Audit

AUDITS: dict[str, Callable[[], Audit]] = {
    "rich": making.rich,
    "unlabelled": making.unlabelled_audit,
    "nothing": making.nothing_measured,
    "one point": making.one_point,
}


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_comes_back_from_json_but_for_its_pictures(name: str) -> None:
    """Written again it is the same text, too."""
    text = json_text(AUDITS[name]())
    back = from_json(json.loads(text))
    assert json_text(back) == text
    assert {picture.png for picture in pictures_of(back)} <= {""}
    assert [picture.caption for picture in pictures_of(back)] == [
        picture.caption for picture in pictures_of(AUDITS[name]())
    ]


def test_a_rate_has_its_share_and_its_interval() -> None:
    """So that nobody needs to compute them."""
    document = to_json(making.rich())
    exact = document["figures"]["untrained"]["told"]["exact"]
    assert (exact["hits"], exact["total"], exact["value"]) == (62, 500, 0.124)
    assert exact["low"] < exact["value"] < exact["high"]


def test_the_json_holds_no_image() -> None:
    """They stand in the page."""
    assert making.picture("any").png[:60] not in json_text(making.rich())


def test_another_document_is_refused() -> None:
    """The message names what is wrong."""
    document = to_json(making.rich())
    document["verdict"]["grade"] = "G"
    with pytest.raises(ValueError, match=r"verdict\.grade must be one of"):
        from_json(document)
    with pytest.raises(ValueError, match="the key subject is missing"):
        from_json({})


def test_what_is_no_number_is_refused() -> None:
    """JSON has no infinity."""
    audit = making.rich()
    endless = replace(audit.conditions, seconds=float("inf"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(replace(audit, conditions=endless))
