# syntax=docker/dockerfile:1

# rust:…-bookworm brings what librdkafka, SQLite and zstd are compiled with (cc, c++, make), and OpenSSL's development
# files with pkg-config. The image gets OpenSSL by Debian's package, so that its repairs come with the base image.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin giaoban \
    && install -D target/release/giaoban /out/giaoban \
    && install -d /out/data

FROM debian:bookworm-slim
# Kafka and PostgreSQL over TLS are checked against the system's certificate authorities.
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/giaoban /usr/local/bin/
COPY config /usr/local/share/giaoban/config
COPY LICENSE /usr/local/share/giaoban/
COPY --from=build --chown=10001:10001 /out/data /var/lib/giaoban

USER 10001:10001
WORKDIR /usr/local/share/giaoban
VOLUME /var/lib/giaoban
EXPOSE 9464

# The image has no HTTP client, and bash can ask as well.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]

ENTRYPOINT ["giaoban"]
CMD ["worker", "--data", "/var/lib/giaoban"]
