// Loads a server, in a process of its own.
import { answerQuestions } from '../processes/helper';
import { runClosedLoop } from './closed_loop';
import { runOpenLoop } from './open_loop';
import type { ClosedOrder, ClosedResult, OpenOrder, OpenResult } from './orders';

answerQuestions(
  (order: ClosedOrder | OpenOrder): Promise<ClosedResult | OpenResult> =>
    order.kind === 'closed' ? runClosedLoop(order) : runOpenLoop(order),
);
