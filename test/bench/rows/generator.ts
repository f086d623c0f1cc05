import type { ClosedOrder, ClosedResult, OpenOrder, OpenResult } from '../load/orders';
import { type Helper, startHelper } from '../processes/helper';

/** A process that loads servers. */
export interface Generator {
  readonly pid: number;
  closed(order: Omit<ClosedOrder, 'kind'>): Promise<ClosedResult>;
  open(order: Omit<OpenOrder, 'kind'>): Promise<OpenResult>;
  stop(): Promise<void>;
}

const FILE = '../load/generator.js';

export function startGenerator(): Generator {
  // One process answers both kinds of orders, each with its own kind of result.
  const helper: Helper<ClosedOrder | OpenOrder, ClosedResult & OpenResult> = startHelper(FILE);
  return {
    pid: helper.pid,
    closed: (order) => helper.ask({ kind: 'closed', ...order }),
    open: (order) => helper.ask({ kind: 'open', ...order }),
    stop: helper.stop,
  };
}
