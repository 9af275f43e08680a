# syntax=docker/dockerfile:1
# docker build --build-arg COMMIT="$(git rev-parse HEAD)" --tag giaoban .
# docker run --publish 127.0.0.1:9464:9464 --volume giaoban-data:/var/lib/giaoban giaoban

# rust:…-bookworm brings what librdkafka, SQLite and zstd are compiled with (cc, c++, make), and OpenSSL's development
# files with pkg-config. The image gets OpenSSL by Debian's package, so that its repairs come with the base image.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
# Git's history is not here: what is built says so in giaoban_build_info.
ARG COMMIT=
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    SOURCE_COMMIT="$COMMIT" cargo build --release --locked --bin giaoban \
    && install -D target/release/giaoban /out/giaoban \
    && install -d /out/data

FROM debian:bookworm-slim
# Kafka and PostgreSQL over TLS are checked against the system's certificate authorities. Both packages are Debian's
# newest, since their repairs are why they are not compiled in.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/giaoban /usr/local/bin/
COPY config /usr/local/share/giaoban/config
COPY LICENSE /usr/local/share/giaoban/
COPY docs/runbooks /usr/share/doc/giaoban/docs/runbooks
COPY --from=build --chown=10001:10001 /out/data /var/lib/giaoban

ARG COMMIT=
LABEL org.opencontainers.image.title="giaoban" \
      org.opencontainers.image.description="Event-driven reporting pipeline: supervision and violation events in, exact quarterly rollups out" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.licenses="Apache-2.0"

# Loopback is the container's own: nothing that is published would reach it. By which names it may be called, besides
# localhost and IP addresses, is http.hosts.
ENV GIAOBAN__DATA=/var/lib/giaoban \
    GIAOBAN__HTTP__LISTEN=0.0.0.0:9464

USER 10001:10001
WORKDIR /usr/local/share/giaoban
VOLUME /var/lib/giaoban
EXPOSE 9464

# Whether to start it again, not whether it is ready: while Kafka or PostgreSQL is away, it waits, and that is healthy.
# The image has no HTTP client, and bash can ask as well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && printf 'GET /livez HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]

ENTRYPOINT ["giaoban"]
CMD ["worker"]
