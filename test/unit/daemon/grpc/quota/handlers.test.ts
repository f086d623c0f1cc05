import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createHandlers } from '../../../../../daemon/grpc/quota/handlers';
import { createRequestLog } from '../../../../../daemon/grpc/request_log';
import { createInFlight } from '../../../../../daemon/grpc/unary';
import type { Answer } from '../../../../../daemon/quota/admission';
import { DeadlinePassed } from '../../../../../daemon/quota/errors';
import type { Limiter } from '../../../../../daemon/quota/limiter';
import { BatchAdmitRequest } from '../../../../../gen/quota/v1/quota_service';

/** What is counted as shed for a batch whose requests had less time than their caller gave, and are decided so. */
async function shedFor(decided: Answer[]): Promise<string[]> {
  const counted: string[] = [];
  const { batchAdmit } = createHandlers({
    limiter: { admitAll: async () => decided } as unknown as Limiter,
    weigh: () => undefined,
    inFlight: createInFlight(),
    log: createRequestLog({ logger: pino({ level: 'silent' }), hashOf: String }),
    onOverloaded: (path) => counted.push(path),
  });
  const metadata = new Metadata();
  metadata.set('quota-decide-by', '0');
  const requests = decided.map((_, at) => ({ subject: String(at), policy: 'connection' }));
  const call = {
    request: BatchAdmitRequest.fromPartial({ requests }),
    ...{ metadata, cancelled: false, getDeadline: () => Number.POSITIVE_INFINITY },
    getPath: () => '/quota.v1.QuotaService/BatchAdmit',
  } as unknown as ServerUnaryCall<BatchAdmitRequest, readonly Answer[]>;
  await new Promise<void>((resolve) => {
    batchAdmit(call, () => resolve());
  });
  return counted;
}

test('a batch in which requests are rejected as overload is counted once, and another one is not', async () => {
  const ours = [new DeadlinePassed(), new DeadlinePassed()];

  expect(await shedFor(ours)).toEqual(['/quota.v1.QuotaService/BatchAdmit']);
  expect(await shedFor([new Error('its own fault')])).toEqual([]);
});
