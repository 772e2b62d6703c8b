# Two stages, so that what builds is not part of what runs. What both begin with is best told by a
# digest, which never changes: docs/serving.md says how.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/captchascope \
 && /opt/captchascope/bin/pip install --no-cache-dir -c constraints.txt '.[web]' \
 && /opt/captchascope/bin/pip uninstall --yes pip

FROM ${BASE}
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin captchascope
COPY --from=build /opt/captchascope /opt/captchascope
ARG BASE
ARG VERSION=0.2.0
ARG BUILD=
LABEL org.opencontainers.image.title="captchascope" \
      org.opencontainers.image.description="Reads text captchas over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${BUILD}" \
      org.opencontainers.image.base.name="${BASE}"
ENV PATH=/opt/captchascope/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CAPTCHASCOPE_BUILD=${BUILD}
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["captchascope", "serve"]
CMD ["--host", "0.0.0.0", "--port", "8000", "--token-file", "/run/secrets/captchascope-token"]
