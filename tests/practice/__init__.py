"""Every test here is skipped where the packages of the extra ``collect`` are missing."""

import pytest

fastapi = pytest.importorskip("fastapi", reason="needs the extra 'collect'")
