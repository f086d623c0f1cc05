import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { Refusal } from '../console/refusal';

const POLL_MS = 4;

/** The relay sends a call within milliseconds, and finds what it missed within a second. */
const TELLING_BOUND_MS = 15_000;

const US_PER_MS = 1_000;

/** Every time that the site has written, but those of sessions: people who are logged in stay so. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  users: ['created'],
  articles: ['created', 'sold'],
  outbox: ['call_time'],
};

/** Moves what the site has written into the past. This is no table's code, so its SQL is here. */
export async function ageDatabase(pool: Pool, shiftMs: number): Promise<void> {
  for (const [table, columns] of Object.entries(TIMES)) {
    const changes = columns.map((column) => `${column} = ${column} - INTERVAL ? MICROSECOND`).join(', ');
    await pool.query(
      `UPDATE ${table} SET ${changes}`,
      columns.map(() => shiftMs * US_PER_MS),
    );
  }
}

/** Waits until the daemon has every call: one that is sent later would be moved too little. */
export async function untilCallsAreTold(pool: Pool): Promise<void> {
  const deadline = Date.now() + TELLING_BOUND_MS;
  while ((await countUntold(pool)) > 0) {
    if (Date.now() > deadline)
      throw new Refusal('The web site cannot send its calls to the daemon: see .local/web.log.');
    await sleep(POLL_MS);
  }
}

/** What the daemon has refused waits for a fix by somebody, and not for us. */
async function countUntold(pool: Pool): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS count FROM outbox WHERE refusals = 0');
  return Number(rows[0]?.count);
}
