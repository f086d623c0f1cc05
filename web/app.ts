import { randomUUID } from 'node:crypto';
import cookieParser from 'cookie-parser';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Store } from 'express-session';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { dropStructuredCookies } from './accounts/cookies';
import { createCsrf } from './accounts/csrf';
import { loadCurrentUser, requireUser } from './accounts/current_user';
import { sessions } from './accounts/sessions';
import type { Users } from './accounts/users';
import type { Assets } from './assets';
import { speak } from './i18n/translator';
import type { Market } from './market/market';
import { accountRoutes } from './pages/account/account';
import { errorHandler, notFound, rejectMethods, rejectTargets } from './pages/errors/errors';
import { homeRoutes } from './pages/home/home';
import { languageRoutes } from './pages/language/language';
import { loginRoutes } from './pages/login/login';
import { signUpRoutes } from './pages/login/sign_up';
import { servicesRoutes } from './pages/services/services';
import { statisticsRoutes } from './pages/statistics/statistics';
import { studentsRoutes } from './pages/students/students';
import { createSendPage, type SendPage } from './pages/view';
import type { QuotaClient } from './quota/client';
import { routeTable } from './routes';
import { countRequests } from './telemetry/count_requests';
import type { AnsweredRequest } from './telemetry/metrics';
import { keepRequestId } from './telemetry/request_id';

/** Several times the largest form of the site. */
const BODY_LIMIT = '8kb';
const FIELD_LIMIT = 20;

export type AppParts = {
  assets: Assets;
  users: Users;
  market: Market;
  quota: QuotaClient;
  sessionStore: Store;
  sessionSecret: string;
  /** The IANA name of the zone in which pages tell the time. */
  timeZone: string;
  /** Whether strangers may make accounts of their own. */
  offersSignUp: boolean;
  /** What to believe of X-Forwarded-*; undefined: nothing. */
  trustProxy?: number | string[] | undefined;
  logger: Logger;
  /** Called once for each request, when its answer is complete. */
  onAnswered: (request: AnsweredRequest) => void;
  /** Aborted when the process is to end: answers that would go on for minutes stop then. */
  stopping?: AbortSignal | undefined;
};

/** Makes the site. It listens nowhere yet. */
export function createApp(parts: AppParts): Express {
  const { assets, users, sessionStore, sessionSecret, timeZone, trustProxy, logger } = parts;
  const csrf = createCsrf(sessionSecret);
  const sendPage = createSendPage({ csrf, assets });
  const pages = createPages({ ...parts, sendPage });
  const findRoute = routeTable(pages);
  const app = express();
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);

  app.use(countRequests(findRoute, parts.onAnswered), requestLog(logger), securityHeaders());
  // First: also an error that a file's address gives is told in the reader's language.
  app.use(cookieParser(), dropStructuredCookies, speak(timeZone));
  app.use(rejectTargets(sendPage), assets.serve);
  app.use(neverStored, sessions({ store: sessionStore, secret: sessionSecret }));
  app.use(loadCurrentUser(users));
  // Before a form's token is asked for: it says nothing of what no form sends.
  app.use(rejectMethods(sendPage, findRoute));
  app.use(express.urlencoded({ extended: false, limit: BODY_LIMIT, parameterLimit: FIELD_LIMIT }));
  // Before the token is looked at, which is of a session that has ended: nothing is left to protect.
  app.post('/logout', requireUser);
  app.use(csrf.protect, keepRequestId);

  app.use(pages);
  app.use(notFound(sendPage), errorHandler(sendPage));
  return app;
}

function createPages(parts: AppParts & { sendPage: SendPage }): Router[] {
  return [
    languageRoutes(),
    homeRoutes(parts),
    loginRoutes(parts),
    ...(parts.offersSignUp ? [signUpRoutes(parts)] : []),
    accountRoutes(parts),
    studentsRoutes(parts),
    servicesRoutes(parts),
    statisticsRoutes(parts),
  ];
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
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        fontSrc: ["'self'"],
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
