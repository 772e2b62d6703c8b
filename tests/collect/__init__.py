"""Tests of collecting; they need the extra ``collect``."""

import pytest

pytest.importorskip("httpx", reason="needs the extra 'collect'")
