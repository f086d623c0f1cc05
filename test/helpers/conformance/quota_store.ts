import { describe } from '@jest/globals';
import { describeAdmissions } from './admissions';
import { describeOperators } from './operators';
import { describeOverrideLists } from './override_lists';
import { describeRequestIds } from './request_ids';
import { describeStatistics } from './statistics';
import type { StoreFactory } from './store_factory';

/** What every `QuotaStore` must do, whatever it is made of. To be called at the top of a test file. */
export function describeQuotaStore(name: string, open: StoreFactory): void {
  describe(name, () => {
    describeAdmissions(open);
    describeRequestIds(open);
    describeOperators(open);
    describeOverrideLists(open);
    describeStatistics(open);
  });
}
