import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { readCookies } from './accounts/cookies';
import { createCsrf } from './accounts/csrf';
import { currentUser, loadCurrentUser } from './accounts/current_user';
import { createKnownDevices, type KnownDevices } from './accounts/known_devices';
import type { SessionStore } from './accounts/session_store';
import { sessions } from './accounts/sessions';
import type { Users } from './accounts/users';
import type { Assets } from './assets';
import { createRequestIds, type RequestIds } from './forms/request_ids';
import { speak } from './i18n/translator';
import type { Market } from './market/market';
import { accountRoutes } from './pages/account/account';
import { articleRoutes } from './pages/articles/article';
import { editRoutes } from './pages/articles/edit';
import { errorHandler, notFound, rejectMethods, rejectTargets } from './pages/errors/errors';
import { homeRoutes } from './pages/home/home';
import { languageRoutes } from './pages/language/language';
import { sendUsersOn } from './pages/login/back';
import { loginRoutes } from './pages/login/login';
import { signUpRoutes } from './pages/login/sign_up';
import { servicesRoutes } from './pages/services/services';
import { statisticsRoutes } from './pages/statistics/statistics';
import { studentsRoutes } from './pages/students/students';
import { createSendPage, type SendPage } from './pages/view';
import type { QuotaClient } from './quota/client';
import { routeTable } from './routes';
import { securityHeaders } from './security_headers';
import { countRequests } from './telemetry/count_requests';
import type { AnsweredRequest } from './telemetry/metrics';
import { keepRequestId } from './telemetry/request_id';

/** More than the largest form of the site: a sale in letters of several bytes each. */
const BODY_LIMIT = '16kb';
const FIELD_LIMIT = 20;

export type AppParts = {
  assets: Assets;
  users: Users;
  market: Market;
  quota: QuotaClient;
  sessionStore: SessionStore;
  sessionSecret: string;
  /** The IANA name of the zone in which pages show times. */
  timeZone: string;
  /** Whether visitors may create accounts. */
  offersSignUp: boolean;
  /** Which proxies to trust in X-Forwarded-*; undefined: none. */
  trustProxy?: number | string[] | undefined;
  logger: Logger;
  /** Called once for each request, when its answer is complete. */
  onAnswered: (request: AnsweredRequest) => void;
  /** Aborted at shutdown: answers that last for minutes stop then. */
  stopping?: AbortSignal | undefined;
};

const sendVisitorsOn: RequestHandler = (_req, res, next) => {
  if (currentUser(res) === undefined) res.redirect(303, '/login');
  else next();
};

/** Makes the site, without listening. */
export function createApp(parts: AppParts): Express {
  const { assets, users, sessionStore, sessionSecret, timeZone, trustProxy, logger } = parts;
  const csrf = createCsrf(sessionSecret);
  const sendPage = createSendPage({ csrf, assets, offersSignUp: parts.offersSignUp });
  const requestIds = createRequestIds(sessionSecret);
  const devices = createKnownDevices(sessionSecret);
  const pages = createPages({ ...parts, sendPage, requestIds, devices });
  const findRoute = routeTable(pages);
  const app = express();
  // Pages are never stored, so nobody asks whether one has changed.
  app.set('etag', false);
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);

  app.use(countRequests(findRoute, parts.onAnswered), requestLog(logger), ...securityHeaders());
  // First, so that an error about a file's address is shown in the reader's language too.
  app.use(readCookies, speak(timeZone));
  app.use(rejectTargets(sendPage), assets.serve);
  app.use(neverStored, sessions({ store: sessionStore, secret: sessionSecret }));
  app.use(loadCurrentUser({ users, store: sessionStore }));
  // Before the check of a form's token, which means nothing for requests that no form sends.
  app.use(rejectMethods(sendPage, findRoute));
  app.use(express.urlencoded({ extended: false, limit: BODY_LIMIT, parameterLimit: FIELD_LIMIT }));
  // Before the check of the token, whose session has ended or never was: nothing is left to protect.
  app.post('/logout', sendVisitorsOn);
  // From a second tab whose page is older than the login in the first.
  app.post(['/login', '/signup'], sendUsersOn);
  app.use(csrf.protect, keepRequestId);

  app.use(pages);
  app.use(notFound(sendPage), errorHandler(sendPage));
  return app;
}

type PageParts = AppParts & { sendPage: SendPage; requestIds: RequestIds; devices: KnownDevices };

function createPages(parts: PageParts): Router[] {
  return [
    languageRoutes(),
    homeRoutes(parts),
    loginRoutes(parts),
    ...(parts.offersSignUp ? [signUpRoutes(parts)] : []),
    accountRoutes(parts),
    studentsRoutes(parts),
    servicesRoutes(parts),
    articleRoutes(parts),
    editRoutes(parts),
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

// Every page shows who is logged in or holds a token, so none may be kept for the next to sit here.
const neverStored: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};
