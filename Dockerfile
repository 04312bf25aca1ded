# One container that works alone: `docker run -p 3000:3000 -e ADMIN_PASSWORD=… -v barline:/data barline`.
FROM oven/bun:1.4.5-slim AS packages
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
COPY .patches ./.patches
RUN bun install --frozen-lockfile --production

FROM oven/bun:1.4.5-slim
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json bunfig.toml tsconfig.json ./
COPY server ./server
COPY jobs ./jobs
COPY db ./db
COPY views ./views
COPY public ./public
# PostgreSQL asks for the name of its user when it makes its files; --user 12345 and OpenShift give it a number that has none.
RUN apt-get update && apt-get install -y --no-install-recommends libnss-wrapper && rm -rf /var/lib/apt/lists/*
# The image's own unprivileged user; PostgreSQL refuses to run as root, and so do we. A number without a name is in group 0.
RUN mkdir /data && chown bun:0 /data && chmod 770 /data
USER bun
# TMPDIR: on a read-only root nothing else takes a file, and the restore of an older version's backup makes some.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data TMPDIR=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["bun", "--eval", "const r = await fetch(`http://127.0.0.1:${process.env.PORT}/readyz`, { proxy: false }); process.exit(r.ok ? 0 : 1)"]
# Long enough for the five seconds in which it stops by itself.
STOPSIGNAL SIGTERM
CMD ["bun", "server/main.ts"]
