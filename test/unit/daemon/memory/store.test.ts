import { createMemoryStore } from '../../../../daemon/memory/store';
import { describeQuotaStore } from '../../../helpers/conformance/quota_store';

describeQuotaStore('a memory store', async () => ({
  store: createMemoryStore(),
  close: async () => undefined,
}));
