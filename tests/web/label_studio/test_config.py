"""Which field of a labelling interface a text belongs into."""

from __future__ import annotations

import pytest

from captchascope.errors import UsageError
from captchascope.web.label_studio.config import TextField, text_field

IMAGE = '<Image name="image" value="$captcha"/>'


@pytest.mark.parametrize(
    "config",
    [
        f'<View>{IMAGE}<TextArea name="label" toName="image"/></View>',
        f'<View><Style>.a{{}}</Style><TextArea toName="image" name="label"/>{IMAGE}</View>',
        f'<View>{IMAGE}<textarea name="label" toname="image"/></View>',
        f'<View>{IMAGE}<TextArea name="note" toName="image"/>'
        '<TextArea name="label" toName="image"/></View>',
        f'<View>{IMAGE}<TextArea name="label" toName="image"/>'
        '<TextArea name="each" toName="image" perRegion="true"/></View>',
        f'<View>{IMAGE}<Text name="text" value="$text"/><TextArea name="note" toName="text"/>'
        '<TextArea name="label" toName="image"/></View>',
        f'<?xml version="1.0" encoding="utf-16"?><View>{IMAGE}'
        '<TextArea name="label" toName="image"/></View>',
    ],
)
def test_the_text_area_of_the_image_is_found(config: str) -> None:
    """Whatever else is there, in whichever order and case."""
    assert text_field(config) == TextField("label", "image", "captcha")


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ("", "is no XML"),
        ("<View>", "is no XML"),
        ("<View>&amount;</View>", "is no XML"),
        ("<View></View>", "has no TextArea for an Image"),
        (f"<View>{IMAGE}</View>", "has no TextArea for an Image"),
        ('<View><TextArea name="label" toName="image"/></View>', "has no TextArea for an Image"),
        (
            f'<View>{IMAGE}<TextArea name="a" toName="image"/>'
            '<TextArea name="b" toName="image"/></View>',
            "has 2 TextAreas",
        ),
        (
            '<!DOCTYPE View [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
            f'<View>{IMAGE}<TextArea name="label" toName="image"/>&a;</View>',
            "has a document type",
        ),
        (f"<View>{' ' * 2**18}</View>", "is longer than"),
    ],
)
def test_a_config_that_names_none_is_refused(config: str, what: str) -> None:
    """So are one that names several, and one that could name entities."""
    with pytest.raises(UsageError, match=what):
        text_field(config)


def test_nesting_without_end_is_no_danger() -> None:
    """Nothing is kept of what is open, however much it is."""
    field = f'{IMAGE}<TextArea name="label" toName="image"/>'
    config = "<a>" * 30_000 + field + "</a>" * 30_000
    assert text_field(config).name == "label"
