// Loads a server, in a process of its own.
import { answerQuestions } from '../processes/helper';
import { runClosedLoop } from './closed_loop';
import { runOpenLoop } from './open_loop';
import type {
  ClosedOrder,
  ClosedResult,
  OpenOrder,
  OpenResult,
  PipelinedOrder,
  PipelinedResult,
} from './orders';
import { runPipelined } from './pipelined';

type Order = ClosedOrder | OpenOrder | PipelinedOrder;

function run(order: Order): Promise<ClosedResult | OpenResult | PipelinedResult> {
  if (order.kind === 'closed') return runClosedLoop(order);
  return order.kind === 'open' ? runOpenLoop(order) : runPipelined(order);
}

answerQuestions(run);
