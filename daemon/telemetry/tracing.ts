import { startTracing } from '../../environment/tracing/start';

// The first import of the program: what is required before it cannot be traced.
startTracing({
  service: 'quota-daemon',
  databases: [{ channel: 'ioredis:command', system: 'redis' }],
});
