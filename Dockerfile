# Three images: `messenger` (the default, every role), `entry` (nginx), and `first-start` (passwords and a certificate, made
# once). messenger.yaml builds and starts them; docs/scaled-out.md explains it.

FROM docker.io/library/swift:6.2-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libargon2-dev libpq-dev librabbitmq-dev libsqlite3-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The dependencies are a layer of their own, so that a change of the sources does not fetch them again.
COPY Package.swift ./
RUN swift package resolve
# Sources/MessengerHTTP/openapi.yaml leads there.
COPY docs/openapi.yaml docs/openapi.yaml
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product messenger-server \
    && install -s "$(swift build -c release --static-swift-stdlib --show-bin-path)/messenger-server" /messenger-server

FROM docker.io/library/debian:bookworm-slim AS entry
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl nginx \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/nginx.conf /etc/nginx/nginx.conf
# The listeners of messenger.yaml, and what a container without root can write.
RUN sed -i -e 's/127\.0\.0\.1:5001/listener-1:5000/' -e 's/127\.0\.0\.1:5002/listener-2:5000/' -e '/^user /d' \
        -e 's|^pid .*|pid /tmp/nginx.pid;|' -e 's|^error_log .* \(.*\);|error_log stderr \1;|' /etc/nginx/nginx.conf \
    && grep -q listener-2:5000 /etc/nginx/nginx.conf
USER www-data
EXPOSE 5000
# Live streams would make the graceful end wait for them.
STOPSIGNAL SIGTERM
CMD ["nginx", "-e", "stderr", "-g", "daemon off;"]

FROM docker.io/library/debian:bookworm-slim AS first-start
RUN apt-get update \
    && apt-get install -y --no-install-recommends openssl \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/container/first-start /usr/local/bin/first-start
# Root, without a network: it hands each file to the user of the one service that reads it.
CMD ["first-start"]

FROM docker.io/library/debian:bookworm-slim AS messenger
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libargon2-1 libpq5 librabbitmq4 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin messenger
COPY --from=build /messenger-server /usr/local/bin/messenger-server
COPY deploy/container/is-healthy /usr/local/bin/is-healthy
USER messenger
WORKDIR /data
EXPOSE 5000
ENTRYPOINT ["messenger-server"]
CMD ["serve"]
