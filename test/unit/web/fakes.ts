import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryStore } from 'express-session';
import { pino } from 'pino';
import { createApp } from '../../../web/app';
import type { Assets } from '../../../web/assets';
import type { Admission, Limit, Quota, QuotaClient, Stats } from '../../../web/quota/client';
import { QuotaUnavailable } from '../../../web/quota/unavailable';
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
};

const ADMITTED: Admission = { admitted: true, limits: [PER_WINDOW] };

export const DENIED: Admission = {
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

const QUOTAS: Quota[] = ['connection', 'service-call'].map((policy) => ({ policy, limits: [PER_WINDOW] }));

/** Answers what its `answers` say at the moment, and writes down what it was asked. */
type FakeQuota = QuotaClient & {
  asked: string[];
  answers: {
    admissions: Record<string, Admission | Error>;
    recordCall?: Error;
    quotas: Quota[] | Error;
    resetCount: number | Error;
    stats: Stats | Error;
  };
};

function fakeQuota(): FakeQuota {
  const asked: string[] = [];
  const answers: FakeQuota['answers'] = {
    admissions: {},
    quotas: QUOTAS,
    resetCount: 1,
    stats: NO_STATS,
  };
  return {
    asked,
    answers,
    async admit({ subject, policy }) {
      asked.push(`admit ${policy} ${subject}`);
      return orThrow(answers.admissions[policy] ?? ADMITTED);
    },
    async recordCall({ subject, service }) {
      asked.push(`record ${service} ${subject}`);
      if (answers.recordCall) throw answers.recordCall;
    },
    async limits({ subject, policy }) {
      asked.push(`limits ${policy} ${subject}`);
      return orThrow(answers.quotas).flatMap((quota) => (quota.policy === policy ? quota.limits : []));
    },
    async quotas({ subject }) {
      asked.push(`quotas ${subject}`);
      return orThrow(answers.quotas);
    },
    async resetQuota({ subject, policy = 'all' }) {
      asked.push(`reset ${policy} ${subject}`);
      return orThrow(answers.resetCount);
    },
    async stats() {
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
}: {
  trustProxy?: number;
  offersSignUp?: boolean;
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
    quota,
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
