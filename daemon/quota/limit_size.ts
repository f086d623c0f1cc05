import { MAX_LIMIT } from './limits';
import { must } from './yaml_faults';

/** Words for a limit's size that is none. */
export const aLimitSize = must(`a whole number, 1 to ${MAX_LIMIT}`);

/** Whether a policies file may give a limit this size. */
export function isLimitSize(size: number): boolean {
  return Number.isInteger(size) && size >= 1 && size <= MAX_LIMIT;
}
