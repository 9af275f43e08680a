# syntax=docker/dockerfile:1

# rust:…-bookworm brings what librdkafka, OpenSSL and SQLite are compiled with: cc, make, perl.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin giaoban \
    && install -D target/release/giaoban /out/giaoban \
    && install -d /out/data

FROM debian:bookworm-slim
# Kafka over TLS is checked against the system's certificate authorities.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
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
