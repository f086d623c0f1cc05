# Two targets: `daemon` and `web`. BuildKit is not needed. docker-compose.yml gives the version.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
# Of the scripts, an operator's alone.
RUN find dist \( -name '*.map' -not -path 'dist/web/assets/*' -o -name .stamp -o -path 'dist/scripts/*test*' \) -delete \
 && rm -rf dist/test dist/scripts/bench* dist/scripts/demo* dist/scripts/start.js

FROM node:24-bookworm-slim AS production
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
# The native packages bring their binaries, so no compiler is needed.
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/dist dist
# A volume takes its owner from the folder of the image that it covers.
RUN mkdir /var/log/etuservices && chown node:node /var/log/etuservices
USER node

FROM production AS daemon
ENV QUOTA_LISTEN=0.0.0.0:50051
ARG VERSION=unknown
LABEL org.opencontainers.image.version=$VERSION
EXPOSE 50051
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "dist/scripts/health_probe.js", "daemon"]
CMD ["node", "dist/daemon/main.js"]

FROM production AS web
ENV WEB_LISTEN=0.0.0.0:3000
ARG VERSION=unknown
LABEL org.opencontainers.image.version=$VERSION
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "dist/scripts/health_probe.js", "web"]
CMD ["node", "dist/web/main.js"]
