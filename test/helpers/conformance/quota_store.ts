import { describe } from '@jest/globals';
import { describeAdmissions } from './admissions';
import { describeDenied } from './denied';
import { describeJointAdmissions } from './joint_admissions';
import { describeOperators } from './operators';
import { describeOverrideLists } from './override_lists';
import { describeRaises } from './raises';
import { describeRefunds } from './refunds';
import { describeRequestIds } from './request_ids';
import { describeStatistics } from './statistics';
import type { StoreFactory } from './store_factory';

/** What every `QuotaStore` must do. Call it at the top of a test file. */
export function describeQuotaStore(name: string, open: StoreFactory): void {
  describe(name, () => {
    describeAdmissions(open);
    describeRequestIds(open);
    describeRefunds(open);
    describeJointAdmissions(open);
    describeOperators(open);
    describeOverrideLists(open);
    describeRaises(open);
    describeDenied(open);
    describeStatistics(open);
  });
}
