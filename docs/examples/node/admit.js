// Asks the daemon for one admission, without generated code: the contract is read when the program starts.
//
//   npm install @grpc/grpc-js @grpc/proto-loader
//   node admit.js 127.0.0.1:50051 connection 42
//
// Exits with 0 if it was admitted, 1 if it was denied, 2 if there is no decision.
const { randomUUID } = require('node:crypto');
const { join } = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { credentials, loadPackageDefinition, Metadata, status } = require('@grpc/grpc-js');
const { loadSync } = require('@grpc/proto-loader');

const PROTO_FOLDER = join(__dirname, '../../../proto');
const DEADLINE_MS = 1000;
const TRIES = 5;
const FIRST_PAUSE_MS = 100;

const FILES = ['quota/v1/quota_service.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'];
const definition = loadSync(FILES, {
  includeDirs: [PROTO_FOLDER],
  longs: Number,
  enums: String,
  defaults: true,
});
const { QuotaService } = loadPackageDefinition(definition).quota.v1;

/** One call, as a promise. */
function admit(client, request, metadata) {
  return new Promise((resolve, reject) => {
    client.admit(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

/** How long the daemon asks to wait; 0 if it does not say. */
function retryDelayMs({ metadata }) {
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
  if (bytes === undefined) return 0;
  const { details } = definition['google.rpc.Status'].deserialize(bytes);
  const info = details.find(({ type_url: type }) => type.endsWith('/google.rpc.RetryInfo'));
  if (info === undefined) return 0;
  const { seconds, nanos } = definition['google.rpc.RetryInfo'].deserialize(info.value).retryDelay;
  return seconds * 1e3 + nanos / 1e6;
}

/** Twice as long after each try, and of random length, so that callers who failed together do not come back together. */
function pauseMs(tries, error) {
  return retryDelayMs(error) + FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random() / 2);
}

/** Asks again while there is no decision, with the same request id: however often, it takes once. */
async function admitOnce(client, request, metadata) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await admit(client, request, metadata);
    } catch (error) {
      const mayRetry = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error.code);
      if (!mayRetry || tries === TRIES) throw error;
      await pause(pauseMs(tries, error));
    }
  }
}

async function main([target = '127.0.0.1:50051', policy = 'connection', subject = '42']) {
  const client = new QuotaService(target, credentials.createInsecure());
  const metadata = new Metadata();
  if (process.env.QUOTA_TOKEN) metadata.set('authorization', `Bearer ${process.env.QUOTA_TOKEN}`);
  const answer = await admitOnce(client, { subject, policy, requestId: randomUUID() }, metadata);
  client.close();
  // There is none if the policy admits without the store.
  const [limit] = answer.limits;
  console.log(`${answer.decision}: ${limit ? `${limit.remaining} of ${limit.limit} left` : 'not counted'}`);
  return answer.decision === 'DECISION_ADMITTED' ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`no decision: ${error.details ?? error}`);
    process.exitCode = 2;
  },
);
