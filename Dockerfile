# Two targets: `daemon` and `web`. BuildKit is not needed. docker-compose.yml gives the versions.
ARG NODE_MAJOR=24

FROM node:${NODE_MAJOR}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY environment/package.json environment/
COPY client/package.json client/
COPY daemon/package.json daemon/
COPY web/package.json web/

FROM packages AS build
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
# Of the scripts, an operator's alone.
RUN find dist \( -name '*.map' -not -path 'dist/web/assets/*' -o -name .stamp -o -path 'dist/scripts/*test*' \) -delete \
 && rm -rf dist/test dist/scripts/bench* dist/scripts/demo* dist/scripts/start.js
# Of those, and of the programs, what each image runs. The daemon's health probe asks as the site does.
RUN mkdir images && cp -r dist images/daemon && mv dist images/web \
 && rm -r images/daemon/client images/daemon/scripts/accounts images/daemon/scripts/migrate.js images/daemon/scripts/user_*.js \
 && find images/daemon/web -mindepth 1 -maxdepth 1 ! -name quota ! -name config.js -exec rm -r {} + \
 && cd images/web && rm -r daemon scripts/policies_*.js scripts/subject_hash.js scripts/token_new.js

FROM packages AS production
ENV NODE_ENV=production
# A volume takes its owner from the folder of the image that it covers.
RUN mkdir /var/log/etuservices && chown node:node /var/log/etuservices

# The native packages bring their binaries, so no compiler is needed.
FROM production AS daemon
RUN npm ci --omit=dev --workspace daemon --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/images/daemon dist
USER node
ENV QUOTA_LISTEN=0.0.0.0:50051
ARG VERSION=unknown
LABEL org.opencontainers.image.version=$VERSION
EXPOSE 50051
HEALTHCHECK --interval=5s --timeout=15s --start-period=120s --retries=3 \
  CMD ["node", "dist/scripts/health_probe.js", "daemon"]
CMD ["node", "dist/daemon/main.js"]

FROM production AS web
RUN npm ci --omit=dev --workspace web --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/images/web dist
USER node
ENV WEB_LISTEN=0.0.0.0:3000
ARG VERSION=unknown
LABEL org.opencontainers.image.version=$VERSION
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=15s --start-period=120s --retries=3 \
  CMD ["node", "dist/scripts/health_probe.js", "web"]
CMD ["node", "dist/web/main.js"]
