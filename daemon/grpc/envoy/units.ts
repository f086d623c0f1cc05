import type { RateLimitDescriptor_RateLimitOverride } from '../../../gen/envoy/extensions/common/ratelimit/v3/ratelimit';
import { RateLimitResponse_RateLimit_Unit as Unit } from '../../../gen/envoy/service/ratelimit/v3/rls';
import { RateLimitUnit } from '../../../gen/envoy/type/v3/ratelimit_unit';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS: ReadonlyMap<number, Unit> = new Map([
  [SECOND_MS, Unit.SECOND],
  [MINUTE_MS, Unit.MINUTE],
  [HOUR_MS, Unit.HOUR],
  [DAY_MS, Unit.DAY],
  [7 * DAY_MS, Unit.WEEK],
]);

const WINDOWS_MS: ReadonlyMap<RateLimitUnit, number> = new Map([
  [RateLimitUnit.SECOND, SECOND_MS],
  [RateLimitUnit.MINUTE, MINUTE_MS],
  [RateLimitUnit.HOUR, HOUR_MS],
  [RateLimitUnit.DAY, DAY_MS],
]);

/** The unit of a window, in milliseconds; UNKNOWN if none has its length. */
export function unitOf(windowMs: number): Unit {
  return UNITS.get(windowMs) ?? Unit.UNKNOWN;
}

/** The window that a gateway asks for, in milliseconds; undefined if its unit has no fixed length. */
export function windowMsOf({
  unit,
  unitMultiplier = 1,
}: RateLimitDescriptor_RateLimitOverride): number | undefined {
  const unitMs = WINDOWS_MS.get(unit);
  return unitMs === undefined ? undefined : unitMs * unitMultiplier;
}
