import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryStore } from 'express-session';
import { pino } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { createApp } from '../../../web/app';
import type { Assets } from '../../../web/assets';
import type {
  Admission,
  Blocked,
  Limit,
  OwnUsage,
  Quota,
  QuotaClient,
  Stats,
} from '../../../web/quota/client';
import type { AnsweredRequest } from '../../../web/telemetry/metrics';
import { type FakeMarket, fakeMarket } from './fake_market';
import { type FakeUsers, fakeUsers } from './fake_users';

const PER_WINDOW: Limit = {
  name: 'per-window',
  limit: 10,
  remaining: 7,
  windowMs: 600_000,
  resetDelayMs: 411_001,
  nextDelayMs: 42_001,
  overridden: false,
};

const DECIDED = {
  policy: 'connection',
  cost: 1,
  requestId: 'r-1',
  decidedBy: 'daemon',
  degraded: false,
  isRepeat: false,
} as const;

export const ADMITTED: Admission = { ...DECIDED, admitted: true, limits: [PER_WINDOW] };

export const DENIED: Admission = {
  ...DECIDED,
  admitted: false,
  limits: [{ ...PER_WINDOW, remaining: 0 }],
  retryDelayMs: 65_001,
};

const NO_STATS: Stats = {
  recentUsers: [],
  topUsers: [],
  services: [],
  hours: [],
  readTime: new Date(0),
};

const QUOTAS: Quota[] = ['connection', 'service-call'].map((policy) => ({
  policy,
  limits: [PER_WINDOW],
  raises: {},
}));

/** Answers what its `answers` say at the moment, and writes down what it was asked. */
type FakeQuota = QuotaClient & {
  asked: string[];
  /** Of each admission that was asked for; undefined if the client is to make one. */
  requestIds: (string | undefined)[];
  answers: {
    admissions: Record<string, Admission | Error>;
    recordCall?: Error;
    refund?: Error;
    quotas: Quota[] | Error;
    resetCount: number | Error;
    blocked: Blocked[] | Error;
    raise?: Error;
    stats: Stats | Error;
    own: OwnUsage | Error;
  };
};

function fakeQuota(): FakeQuota {
  const asked: string[] = [];
  const requestIds: FakeQuota['requestIds'] = [];
  const answers: FakeQuota['answers'] = {
    admissions: {},
    quotas: QUOTAS,
    resetCount: 1,
    blocked: [],
    stats: NO_STATS,
    own: { connectionCount: 0, callCount: 0 },
  };
  return {
    asked,
    requestIds,
    answers,
    async admit({ subject, policy, requestId }) {
      asked.push(`admit ${policy} ${subject}`);
      requestIds.push(requestId);
      return { ...orThrow(answers.admissions[policy] ?? ADMITTED), policy };
    },
    async refund({ subject, policy }) {
      asked.push(`refund ${policy} ${subject}`);
      if (answers.refund) throw answers.refund;
      return true;
    },
    async recordCall({ subject, service }) {
      asked.push(`record ${service} ${subject}`);
      if (answers.recordCall) throw answers.recordCall;
    },
    async limits({ subject, policy }) {
      asked.push(`limits ${policy} ${subject}`);
      return orThrow(answers.quotas).flatMap((quota) => (quota.policy === policy ? quota.limits : []));
    },
    async quotas({ subject, policy }) {
      asked.push(['quotas', policy, subject].filter(Boolean).join(' '));
      return orThrow(answers.quotas).filter((quota) => policy === undefined || quota.policy === policy);
    },
    async resetQuota({ subject, policy = 'all' }) {
      asked.push(`reset ${policy} ${subject}`);
      return orThrow(answers.resetCount);
    },
    async blocked({ policy, maxCount }) {
      asked.push(`blocked ${policy}`);
      const blocked = orThrow(answers.blocked).filter((each) => each.policy === policy);
      return { blocked: blocked.slice(0, maxCount), isPartial: blocked.length > maxCount };
    },
    async raise({ subject, policy, limitName, limit, durationMs }) {
      asked.push(`raise ${policy} ${limitName} of ${subject} to ${limit} for ${durationMs}`);
      if (answers.raise) throw answers.raise;
    },
    async erase({ subject }) {
      asked.push(`erase ${subject}`);
    },
    async standing({ subject, policy }) {
      asked.push(`own ${subject}`);
      const limits = orThrow(answers.quotas).flatMap((quota) =>
        quota.policy === policy ? quota.limits : [],
      );
      return { limits, own: orThrow(answers.own) };
    },
    async stats({ hourCount = 0, topWindowMs = 0 } = {}) {
      asked.push(`stats of ${hourCount} hours, top of ${topWindowMs / 86_400_000} days`);
      return orThrow(answers.stats);
    },
    isReady: async () => true,
    close: () => undefined,
  };
}

export function unavailable(): QuotaUnavailable {
  return new QuotaUnavailable({ requestId: 'r-1', reason: 'inner-message', retryAfterMs: 2_500 });
}

/** Serves nothing: these tests read pages. */
const fakeAssets: Assets = { url: (name) => `/assets/${name}`, serve: (_req, _res, next) => next() };

export type Site = {
  url: string;
  users: FakeUsers;
  quota: FakeQuota;
  market: FakeMarket;
  store: MemoryStore;
  logLines: string[];
  /** What the site reported of each request. */
  answered: AnsweredRequest[];
  close: () => Promise<void>;
};

/** Serves the site on a free port, with fakes for the database and the daemon. */
export async function serveSite({
  trustProxy,
  offersSignUp = true,
  daemon,
}: {
  trustProxy?: number;
  offersSignUp?: boolean;
  /** Asks this instead of the fake. */
  daemon?: QuotaClient;
} = {}): Promise<Site> {
  const quota = fakeQuota();
  const store = new MemoryStore();
  const logLines: string[] = [];
  const answered: AnsweredRequest[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => logLines.push(line) });
  const users = await fakeUsers(quota.asked);
  const market = fakeMarket(quota.asked);
  const app = createApp({
    assets: fakeAssets,
    users,
    market,
    quota: daemon ?? quota,
    sessionStore: store,
    sessionSecret: 's'.repeat(32),
    timeZone: 'Europe/Paris',
    offersSignUp,
    trustProxy,
    logger,
    onAnswered: (request) => answered.push(request),
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, users, quota, market, store, logLines, answered, close };
}

function orThrow<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}
