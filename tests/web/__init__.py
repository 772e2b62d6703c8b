"""Every test here is skipped where the packages of the extra ``web`` are missing."""

import pytest

for package in ("fastapi", "multipart", "prometheus_client", "uvicorn"):
    pytest.importorskip(package, reason="needs the extra 'web'")
