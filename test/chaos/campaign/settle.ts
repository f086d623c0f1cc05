import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parsePrometheusText } from '../../helpers/prometheus_text';
import { until } from '../../helpers/wait';
import type { Post } from './fleet';
import { SERVICES } from './policies';

/** What is over once all of these are 0: nothing waits to be written, or to be counted. */
const BACKLOGS = ['quota_journal_entries', 'quota_fold_backlog_entries'];

/** What was sent before may still be on its way, and what is folded is looked at again and again. */
const QUIET_MS = 1_000;

/** Waits until every daemon decides with the store again, and everything that was admitted is counted. */
export async function settle(posts: readonly Post[]): Promise<void> {
  for (const { daemon } of posts) {
    await until('a decision of the store, and a recorded call', async () => {
      const subject = `settled-${randomUUID()}`;
      const decided = daemon.client.admit({ subject, policy: 'strict' });
      const recorded = daemon.client.recordCall({ subject, service: SERVICES[0], requestId: randomUUID() });
      const [admission, call] = await Promise.allSettled([decided, recorded]);
      return admission.status === 'fulfilled' && !admission.value.degraded && call.status === 'fulfilled';
    });
  }
  await pause(QUIET_MS);
  await until('nothing that is left to count', async () => {
    const pages = await Promise.all(posts.map(({ daemon }) => fetch(`${daemon.httpUrl}/metrics`)));
    const texts = await Promise.all(pages.map((page) => page.text()));
    return texts.every((text) => BACKLOGS.every((name) => sumOf(text, name) === 0));
  });
}

function sumOf(text: string, name: string): number {
  const samples = parsePrometheusText(text).get(name)?.samples ?? new Map<string, number>();
  return [...samples.values()].reduce((sum, value) => sum + value, 0);
}
