# syntax=docker/dockerfile:1
FROM node:20-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/hemmaplan && python -m venv /opt/build
COPY pyproject.toml setup.py README.md ./
COPY signaling/ signaling/
COPY rooms/ rooms/
COPY sfu/ sfu/
COPY auth/ auth/
COPY audit/ audit/
COPY kiosk/ kiosk/
COPY db/ db/
COPY web/__init__.py web/
COPY web/templates/ web/templates/
COPY web/locales/ web/locales/
COPY --from=pages /src/web/static/ web/static/
# mypyc reads the packages' types, so they stand beside it; what it needs itself stays behind.
RUN /opt/build/bin/pip install --no-cache-dir '.[compile]' && \
    HEMMAPLAN_COMPILE=1 /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /opt/wheels . && \
    /opt/hemmaplan/bin/pip install --no-cache-dir /opt/wheels/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/hemmaplan --create-home hemmaplan
COPY --from=packages /opt/hemmaplan/ /opt/hemmaplan/
ENV PATH=/opt/hemmaplan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEMMAPLAN_HOST=0.0.0.0 \
    HEMMAPLAN_PORT=8080 \
    HEMMAPLAN_DATA_DIRECTORY=/var/lib/hemmaplan
USER hemmaplan
WORKDIR /var/lib/hemmaplan
VOLUME /var/lib/hemmaplan
EXPOSE 8080/tcp 7882/udp 7882/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"HEMMAPLAN_PORT\"]}/healthz', timeout=2)"]
CMD ["hemmaplan", "serve"]
