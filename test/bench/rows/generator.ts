import type {
  ClosedOrder,
  ClosedResult,
  OpenOrder,
  OpenResult,
  PipelinedOrder,
  PipelinedResult,
} from '../load/orders';
import { type Helper, startHelper } from '../processes/helper';

/** A process that loads servers. */
export interface Generator {
  readonly pid: number;
  closed(order: Omit<ClosedOrder, 'kind'>): Promise<ClosedResult>;
  open(order: Omit<OpenOrder, 'kind'>): Promise<OpenResult>;
  pipelined(order: Omit<PipelinedOrder, 'kind'>): Promise<PipelinedResult>;
  stop(): Promise<void>;
}

const FILE = '../load/generator.js';

export function startGenerator(): Generator {
  // One process answers all kinds of orders, each with its own kind of result.
  const helper: Helper<
    ClosedOrder | OpenOrder | PipelinedOrder,
    ClosedResult & OpenResult & PipelinedResult
  > = startHelper(FILE);
  return {
    pid: helper.pid,
    closed: (order) => helper.ask({ kind: 'closed', ...order }),
    open: (order) => helper.ask({ kind: 'open', ...order }),
    pipelined: (order) => helper.ask({ kind: 'pipelined', ...order }),
    stop: helper.stop,
  };
}
