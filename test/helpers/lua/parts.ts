import { clocks, excesses, partedTokens, purges } from './ageing';
import { convertedLimits, fractions, retainedTimes } from './announcing';
import type { Part } from './battery';
import { conversions, forgotten, overrides, reloads, resets, sizes, twoConversions } from './changing';
import { deadlines, decisions, faults, fullMemory, lists } from './deciding';
import { clocksOfFolds, drops, entriesFromAhead, logsOfOthers } from './disturbing';
import { declarations, folds, hourEnds, leases, questions, shorterWindows } from './folding';
import { callFaults, denials, recordedCalls } from './recording';
import { restored, restoredBuckets, restoredFaults } from './restoring';

/** What the limits do. The last makes the store another one. */
export const LIMIT_PARTS: readonly Part[] = [
  decisions,
  deadlines,
  overrides,
  sizes,
  forgotten,
  resets,
  reloads,
  conversions,
  twoConversions,
  purges,
  excesses,
  partedTokens,
  lists,
  clocks,
  retainedTimes,
  convertedLimits,
  fractions,
  restored,
  restoredBuckets,
  restoredFaults,
  fullMemory,
  faults,
];

/** What the statistics do. The last makes the store another one. */
export const USAGE_PARTS: readonly Part[] = [
  folds,
  questions,
  declarations,
  leases,
  logsOfOthers,
  drops,
  clocksOfFolds,
  shorterWindows,
  entriesFromAhead,
  hourEnds,
  denials,
  recordedCalls,
  callFaults,
];
