# What it is built with stays behind.
FROM node:20-slim AS build
WORKDIR /rollcall
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /rollcall
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /rollcall/dist dist
# Nothing is written but in the embedded store's folder.
RUN mkdir .rollcall && chown node:node .rollcall
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
# Reachable from outside of the container, so it starts with ROLLCALL_API_TOKENS only: docs/guide/security.md.
ENV ROLLCALL_HTTP_HOST=0.0.0.0 ROLLCALL_HTTP_PORT=8080
EXPOSE 8080
VOLUME /rollcall/.rollcall
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROLLCALL_HTTP_PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--min-semi-space-size=96", "--max-semi-space-size=96", "dist/app/rollcall.js", "start"]
