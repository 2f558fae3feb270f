FROM node:20-slim
WORKDIR /rollcall
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY . .
# The first start bundles the sources, so that a container's needn't. Then the embedded store's folder is the only place
# that the process writes to.
RUN node app/rollcall.mjs --version && mkdir .rollcall && chown node:node .rollcall
USER node
# Reachable from outside of the container, so it starts with ROLLCALL_API_TOKENS only: docs/guide/security.md.
ENV NODE_ENV=production ROLLCALL_HTTP_HOST=0.0.0.0 ROLLCALL_HTTP_PORT=8080
EXPOSE 8080
CMD ["node", "--max-semi-space-size=64", "app/rollcall.mjs", "start"]
