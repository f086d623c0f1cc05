import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import cookieParser from 'cookie-parser';
import express, { type Express, type RequestHandler } from 'express';
import type { Store } from 'express-session';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { createCsrf } from './accounts/csrf';
import { loadCurrentUser } from './accounts/current_user';
import { sessions } from './accounts/sessions';
import type { Users } from './accounts/users';
import { errorHandler, notFound } from './pages/errors/errors';
import { homeRoutes } from './pages/home/home';
import { loginRoutes } from './pages/login/login';
import { servicesRoutes } from './pages/services/services';
import { createSendPage } from './pages/view';
import type { QuotaClient } from './quota/client';
import { keepRequestId } from './request_id';

/** Several times the largest form of the site. */
const BODY_LIMIT = '8kb';
const FIELD_LIMIT = 20;

export type AppParts = {
  users: Users;
  quota: QuotaClient;
  sessionStore: Store;
  sessionSecret: string;
  /** What to believe of X-Forwarded-*; undefined: nothing. */
  trustProxy?: number | string[] | undefined;
  logger: Logger;
};

/** Makes the site. It listens nowhere yet. */
export function createApp(parts: AppParts): Express {
  const { users, quota, sessionStore, sessionSecret, trustProxy, logger } = parts;
  const csrf = createCsrf(sessionSecret);
  const sendPage = createSendPage(csrf);
  const app = express();
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);

  app.use(requestLog(logger), securityHeaders());
  app.use(express.static(join(__dirname, 'public'), { index: false, maxAge: '1h' }));
  app.use(neverStored, cookieParser(), sessions({ store: sessionStore, secret: sessionSecret }));
  app.use(loadCurrentUser(users));
  app.use(express.urlencoded({ extended: false, limit: BODY_LIMIT, parameterLimit: FIELD_LIMIT }));
  app.use(csrf.protect, keepRequestId);

  app.use(homeRoutes({ users, quota, sendPage }));
  app.use(loginRoutes({ users, quota, sendPage }));
  app.use(servicesRoutes({ quota, sendPage }));

  app.use(notFound(sendPage), errorHandler(sendPage));
  return app;
}

function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (_req, res) => {
      const id = randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    serializers: {
      // No headers and no query: neither cookies nor what was typed belongs in a log.
      req: ({ id, method, url, remoteAddress }) => ({ id, method, path: url.split('?')[0], remoteAddress }),
      res: ({ statusCode }) => ({ statusCode }),
    },
  });
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
}

// Every page shows who is logged in or holds a token, so none may be kept for the next to sit here.
const neverStored: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};
