import type { Admission, Decision } from './admission';
import type { Policy } from './policies';
import type { ServiceCall, Usage, UsageQuery } from './usage';

/**
 * What the rules need of a memory. Every method is atomic, takes its time from the store's own clock, and throws
 * `StoreUnavailable` when the store cannot answer.
 */
export interface QuotaStore {
  /** Takes the cost from every limit of the policy, or from none. A repeat of an admitted one gets the same answer. */
  admit(admission: Admission, policy: Policy): Promise<Decision>;
  /** Records a call; false where its request id was recorded before. */
  recordCall(call: ServiceCall): Promise<boolean>;
  /** Reads the statistics; `services` holds the services that were ever called, in any order. */
  readUsage(query: UsageQuery): Promise<Usage>;
}
