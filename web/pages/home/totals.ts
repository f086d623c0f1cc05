import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { QuotaClient, Stats } from '../../quota/client';
import { POLICIES } from '../../quota_names';

/** Three days, as the tile's label says. */
const HOUR_COUNT = 72;

/** Calls of each service, and logins of the last three days, of everybody. */
export type Totals = { calls: ReadonlyMap<string, number>; connections: number };

export async function readTotalsOf(quota: QuotaClient): Promise<Totals> {
  return toTotals(await quota.stats({ hourCount: HOUR_COUNT }));
}

/** Undefined if the daemon is unreachable, for which the home page need not fail. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

function toTotals({ services, hours }: Stats): Totals {
  const connections = hours
    .flatMap(({ policies }) => policies)
    .filter(({ policy }) => policy === POLICIES.connection)
    .reduce((sum, { admitted }) => sum + admitted, 0);
  const calls = new Map(services.map(({ service, callCount }) => [service, callCount]));
  return { calls, connections };
}
