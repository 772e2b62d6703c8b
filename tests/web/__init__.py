"""Every test here is skipped where the packages of the extra ``web``, or httpx, are missing."""

import pytest

for package in ("fastapi", "httpx", "multipart", "prometheus_client", "uvicorn"):
    pytest.importorskip(package, reason="needs the extra 'label-studio', which has 'web'")
