# The operator and its locked packages in a virtual environment; nothing is fetched that has no hash here. The digest
# is the one that Docker's official images list for all platforms of this tag (docker-library/repo-info,
# repos/python/remote/3.12-slim-bookworm.md, of August 2026). A newer one is printed by
# `docker buildx imagetools inspect python:3.12-slim-bookworm`.
ARG PYTHON_IMAGE=python:3.12.14-slim-bookworm@sha256:0f5b26b9518d002b6173fd61daad821fa340635ebfec5bba471013f9ca114579

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/run.txt requirements/build.txt requirements/
# No pip in the environment that runs: the build's own installs into it.
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/posture \
    && /opt/build/bin/python -m pip --python /opt/posture/bin/python install \
        --require-hashes --only-binary :all: --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/build/bin/python -m pip --python /opt/posture/bin/python install --no-deps --no-index dist/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="posture-operator" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/posture /opt/posture
# Whoever the container runs as, the image is only read. HOME: a user without an entry in /etc/passwd has none.
ENV PATH=/opt/posture/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["posture"]
CMD ["run"]
