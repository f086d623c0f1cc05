import type { Request } from 'express';
import type { QuotaClient } from '../../quota/client';

/** What an admitted request took. */
export type Taken = { subject: string; policy: string; requestId: string };

type Giving = { quota: QuotaClient; req: Request };

/** Refunds what was taken for an act that did not happen. Nothing waits for it. */
export function giveBack({ quota, req }: Giving, taken: Taken): void {
  quota.refund(taken).catch((err: unknown) => {
    req.log.warn({ err, policy: taken.policy }, 'a token could not be given back');
  });
}

/** Does what was admitted; if it fails, for example because of the database, what was taken is refunded. */
export async function orGiveBack<T>(giving: Giving, taken: Taken, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    giveBack(giving, taken);
    throw error;
  }
}
