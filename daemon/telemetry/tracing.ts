import { startTracing } from '../../environment/tracing/start';

// Must be the first import: modules required before it cannot be traced.
startTracing({
  service: 'quota-daemon',
  databases: [{ channel: 'ioredis:command', system: 'redis' }],
});
