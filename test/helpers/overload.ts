import type { TestDaemon } from './daemon';
import type { Opened } from './opened';
import { createQuotaClient } from './quota_client';

/** As many as may be in flight at once; nothing is remembered of those who ask. */
const batchOf = (name: string) =>
  Array.from({ length: 1000 }, (_, at) => ({ subject: `${name}-${at}`, policy: 'connection' }));

/** Keeps more in flight than may be, until the end of the test: how soon enough of it is refused depends on the machine. */
export function overload(opened: Opened, { target }: TestDaemon): void {
  const client = opened.closed(createQuotaClient(target, { asksOnce: true }), (each) => each.close());
  let isOver = false;
  async function goOn(ask: (sent: number) => Promise<unknown>): Promise<void> {
    for (let sent = 0; !isOver; sent += 1) await ask(sent).catch(() => undefined);
  }
  const batches = ['a', 'b', 'c'].map((name) => goOn((sent) => client.batchAdmit(batchOf(`${name}${sent}`))));
  const others = [1, 2, 3, 4].map(() => goOn(() => client.admit({ subject: '42', policy: 'connection' })));
  opened.closed(Promise.all([...batches, ...others]), (crowd) => {
    isOver = true;
    return crowd;
  });
}
