import { join } from 'node:path';
import type { Place } from './blocks';

const OPERATIONS = join('docs', 'operations.md');

/** The documents whose marked commands are run, in this order. A marker anywhere else is a fault. */
export const DOCUMENTS: Readonly<Record<Place, readonly string[]>> = {
  system: ['README.md', OPERATIONS, join('docs', 'report.md')],
  daemon: [join('docs', 'envoy.md'), OPERATIONS],
  stack: [OPERATIONS],
};
