/** A promise that was not kept. */
export interface Violation {
  /** Which promise: the name of the check. */
  readonly check: string;
  readonly message: string;
}

/** The result of a check. */
export interface Finding {
  readonly check: string;
  /** What it checked, such as "412 admissions". */
  readonly examined: string;
  readonly violations: readonly Violation[];
  /** Measurements that are no violation. */
  readonly notes?: readonly string[];
}

/** Collects what one check finds. */
export function createFinding(check: string) {
  const violations: Violation[] = [];
  return {
    violate: (message: string) => void violations.push({ check, message }),
    result: (examined: string, notes: readonly string[] = []): Finding => {
      return { check, examined, violations, notes };
    },
  };
}
