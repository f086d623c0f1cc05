import { clocks, excesses, partedTokens, purges } from './ageing';
import { convertedLimits, fractions, retainedTimes } from './announcing';
import type { Part } from './battery';
import {
  conversions,
  forgotten,
  overrides,
  raises,
  reloads,
  resets,
  sizes,
  twoConversions,
} from './changing';
import { deadlines, decisions, faults, fullMemory, lists } from './deciding';
import { clocksOfFolds, drops, entriesFromAhead, logsOfOthers } from './disturbing';
import {
  begunErasures,
  erasedCalls,
  foldedErasures,
  keptErasures,
  notedErasures,
  rewrittenDenials,
  rewrittenEdges,
  rewrittenLogs,
} from './erasing';
import { declarations, folds, hourEnds, leases, questions, shorterWindows } from './folding';
import { loweredBuckets, loweredRefunds, loweredRestores, restoredCosts } from './lowering';
import { callFaults, denials, lateDenials, latestDenials, recordedCalls } from './recording';
import {
  foldedRefunds,
  refundsInParts,
  refundsOfOtherTimes,
  relisted,
  retiredRefunds,
} from './refunded_folds';
import {
  refundedBefore,
  refundedBehind,
  refundedBuckets,
  refundedEmpty,
  refundedLongAgo,
  refunds,
} from './refunding';
import { restored, restoredBuckets, restoredErased, restoredFaults } from './restoring';

/** What the limits do. The last makes the store another one. */
export const LIMIT_PARTS: readonly Part[] = [
  decisions,
  deadlines,
  overrides,
  raises,
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
  restoredErased,
  restoredCosts,
  loweredBuckets,
  loweredRefunds,
  loweredRestores,
  refunds,
  refundedBuckets,
  refundedBefore,
  refundedEmpty,
  refundedBehind,
  refundedLongAgo,
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
  latestDenials,
  lateDenials,
  recordedCalls,
  foldedRefunds,
  retiredRefunds,
  refundsInParts,
  relisted,
  refundsOfOtherTimes,
  callFaults,
];

/** What erasures do. */
export const ERASING_PARTS: readonly Part[] = [
  begunErasures,
  keptErasures,
  foldedErasures,
  rewrittenLogs,
  rewrittenEdges,
  rewrittenDenials,
  notedErasures,
  erasedCalls,
  restoredErased,
];
