# syntax=docker/dockerfile:1
# Two images from one file: `flink` (JobManager, TaskManager, submit) and `api` (service, generator).

# Flink's Kafka connector, as flink-conf/pom.xml names it, and an operator of our own.
FROM maven:3.9.11-eclipse-temurin-17 AS jars
WORKDIR /build
COPY flink-conf/pom.xml .
COPY flink-conf/src src
RUN mvn --batch-mode --no-transfer-progress package

# What the dashboard needs from npm.
FROM node:22.20.0-bookworm-slim AS page
WORKDIR /build
COPY api/package.json api/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

# Every Python package, checked against its hash. The full image has a compiler for those that
# come without a wheel on some processors.
FROM python:3.11.14-bookworm AS packages
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock

# What both images share. Bookworm is the Debian that still has Java 17.
FROM python:3.11.14-slim-bookworm AS runtime
RUN useradd --system --uid 10001 --create-home tapeline
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /opt/tapeline

FROM runtime AS api
COPY --from=page /build/node_modules api/node_modules
COPY api api
COPY flink-conf/alerts.yaml flink-conf/alerts.yaml
COPY jobs/__init__.py jobs/settings.py jobs/
COPY udfs udfs
COPY scripts/__init__.py scripts/generator.py scripts/
COPY scripts/generate scripts/generate
COPY scripts/sources scripts/sources
# In a container the loopback interface is nobody's but its own. So it asks for API keys, unless
# TAPELINE_API_ACCESS=anyone says that nobody reaches its port who should not.
ENV TAPELINE_API_HOST=0.0.0.0
USER 10001
EXPOSE 8000
CMD ["python", "-m", "api"]

FROM runtime AS flink
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*
ENV FLINK_HOME=/venv/lib/python3.11/site-packages/pyflink \
    FLINK_CONF_DIR=/opt/flink/conf \
    FLINK_LIB_DIR=/opt/flink/lib \
    FLINK_LOG_DIR=/opt/flink/log
ENV PATH=$FLINK_HOME/bin:$PATH
COPY flink-conf flink-conf
COPY udfs udfs
COPY jobs jobs
COPY scripts scripts
COPY --from=jars /build/jars/flink flink-conf/jars/flink
# Flink's own console log goes to stdout too, where `docker logs` reads it. Kernels are compiled
# beside their sources, here and once more by submit if its processor is another one; the volume
# takes its owner from the folder.
RUN python -m scripts.container.configure $FLINK_CONF_DIR \
    && cp flink-conf/log4j-cli.properties $FLINK_HOME/conf/log4j-console.properties $FLINK_CONF_DIR \
    && mkdir -p $FLINK_LIB_DIR $FLINK_LOG_DIR /data/flink \
    && ln -s $FLINK_HOME/lib/*.jar $FLINK_HOME/opt/flink-python-*.jar \
        "$PWD"/flink-conf/jars/flink/*.jar $FLINK_LIB_DIR \
    && python -m scripts.stack.kernels \
    && chown -R tapeline udfs $FLINK_LOG_DIR /data/flink
USER 10001
EXPOSE 8081
CMD ["jobmanager.sh", "start-foreground"]
