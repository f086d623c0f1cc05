import type { FigureSpec } from './figure';

const atMost = (value: number) => ({ is: '≤', value }) as const;
const flatWithin = (value: number) => ({ is: '1 ±', value }) as const;
const atLeast = (value: number) => ({ is: '≥', value }) as const;
const below = (value: number) => ({ is: '<', value }) as const;

/** Every figure of the engine, and the bound on it. "Minimal" is the script in redis/minimal.ts, one call for each. */
export const FIGURES = [
  {
    name: 'script.admission',
    title: 'Redis CPU, script of one connection admission with id ÷ minimal',
    unit: '',
    bound: atMost(2.5),
  },
  {
    name: 'script.joined',
    title: 'Redis CPU, one admission in calls of 32 ÷ minimal',
    unit: '',
    bound: atMost(1.5),
  },
  { name: 'script.denial', title: 'Redis CPU, one denial ÷ minimal', unit: '', bound: atMost(2.3) },
  {
    name: 'script.folded',
    title: 'Redis CPU, one admission in calls of 32, with the consumer ÷ minimal',
    unit: '',
    bound: atMost(3.5),
  },
  { name: 'script.record-call', title: 'Redis CPU, one RecordCall ÷ minimal', unit: '' },
  {
    name: 'daemon.unary',
    title: 'daemon CPU, unary Admit ÷ an empty unary call',
    unit: '',
    bound: atMost(1.2),
  },
  {
    name: 'daemon.cached-denial',
    title: 'daemon CPU, cached denial ÷ an empty unary call',
    unit: '',
    bound: atMost(1.1),
  },
  {
    name: 'daemon.cached-denial-calls',
    title: 'Redis calls of a subject that is denied again and again',
    unit: '/s',
    bound: atMost(4),
  },
  {
    name: 'daemon.batch',
    title: 'daemon CPU per decision, BatchAdmit of 100 ÷ an empty batch',
    unit: '',
    bound: atMost(2.5),
  },
  {
    name: 'daemon.flexible',
    title: 'daemon + Redis CPU per decision ÷ rate-limiter-flexible',
    unit: '',
    bound: atMost(1),
  },
  {
    name: 'daemon.flexible-batch',
    title: 'the same, through BatchAdmit',
    unit: '',
    bound: atMost(0.3),
  },
  {
    name: 'daemon.envoy',
    title: 'daemon CPU, ShouldRateLimit ÷ an empty handler with the same response',
    unit: '',
    bound: atMost(1.2),
  },
  { name: 'daemon.record-call', title: 'daemon CPU, RecordCall ÷ an empty unary call', unit: '' },
  {
    name: 'pipeline.batch',
    title: 'BatchAdmit decisions/s ÷ redis-benchmark -P 32 with the script',
    unit: '',
    bound: atLeast(0.8),
  },
  {
    name: 'million.throughput',
    title: 'throughput with 1,000,000 users ÷ 1,000 users',
    unit: '',
    bound: atLeast(0.85),
  },
  {
    name: 'million.stats',
    title: 'Stats, 1,000,000 users, 10,000,000 connections: p99',
    unit: 'ms',
    bound: below(10),
  },
  {
    name: 'million.longest-command',
    title: 'the longest Redis command meanwhile',
    unit: 'ms',
    bound: atMost(2),
  },
  {
    name: 'million.longest-folding',
    title: 'the longest Redis command while 100,000 connections of that store are folded',
    unit: 'ms',
    bound: atMost(2),
  },
  {
    name: 'bytes.user',
    title: 'Redis memory per user, 10 admissions with ids: limit and ids',
    unit: 'B',
    bound: atMost(500),
  },
  {
    name: 'bytes.window',
    title: 'Redis memory per user and declared window',
    unit: 'B',
    bound: atMost(120),
  },
  {
    name: 'bytes.log',
    title: 'Redis memory per connection kept in the log',
    unit: 'B',
    bound: atMost(32),
  },
  { name: 'bytes.aof', title: 'AOF per admission, the decision', unit: 'B', bound: atMost(350) },
  {
    name: 'bytes.aof-folded',
    title: 'AOF per admission, with the statistics',
    unit: 'B',
    bound: atMost(800),
  },
  {
    name: 'overload.answered',
    title: 'offered 5 × capacity: answered in time ÷ capacity',
    unit: '',
    bound: atLeast(0.8),
  },
  {
    name: 'overload.unanswered',
    title: 'offered 5 × capacity: charged but not answered',
    unit: '%',
    bound: atMost(1),
  },
  {
    name: 'overload.memory',
    title: 'offered 5 × capacity: memory of the daemon ÷ that at capacity',
    unit: '',
    bound: atMost(1.5),
  },
  {
    name: 'overload.recovery',
    title: 'offered 5 × capacity: until normal again',
    unit: 's',
    bound: atMost(1),
  },
  {
    name: 'latency.half',
    title: 'p99 at half of capacity ÷ p99 of the empty call at that rate',
    unit: '',
    bound: atMost(1.5),
  },
  {
    name: 'outage.killed',
    title: 'from one second after Redis was killed: p99 of an Admit',
    unit: 'ms',
    bound: below(50),
  },
  {
    name: 'outage.frozen',
    title: 'from one second after Redis was frozen: p99 of an Admit',
    unit: 'ms',
    bound: below(50),
  },
  {
    name: 'workers.cpu',
    title: 'CPU per decision with 2 workers ÷ 1, 8 connections',
    unit: '',
    bound: atMost(1.1),
  },
  {
    name: 'partitions.cpu',
    title: 'CPU per decision of daemon and Redis with 256 partitions ÷ 1, on one server',
    unit: '',
  },
  {
    name: 'partitions.stats',
    title: 'Stats with 256 partitions, on one server',
    unit: 'ms',
  },
  {
    name: 'partitions.idle',
    title: 'a core, with 256 partitions and no request',
    unit: '%',
  },
  {
    name: 'cluster.two',
    title: 'CPU per decision on a Cluster, 2 masters and 2 daemons ÷ 1 and 1',
    unit: '',
    bound: atMost(1.1),
  },
  {
    name: 'cluster.three',
    title: 'CPU per decision on a Cluster, 3 masters and 3 daemons ÷ 1 and 1',
    unit: '',
    bound: atMost(1.1),
  },
  {
    name: 'cluster.four',
    title: 'CPU per decision on a Cluster, 2 masters and 4 daemons ÷ 1 and 2',
    unit: '',
    bound: atMost(1.1),
  },
  {
    name: 'cluster.joined',
    title: 'size of joined calls, 3 masters and 3 daemons ÷ 1 and 1',
    unit: '',
    bound: flatWithin(0.1),
  },
  {
    name: 'cluster.joined-four',
    title: 'size of joined calls, 2 masters and 4 daemons ÷ 1 and 2',
    unit: '',
    bound: flatWithin(0.1),
  },
  {
    name: 'cluster.partitions',
    title: 'CPU per decision of daemon and Redis with 256 partitions ÷ 1, on 3 masters',
    unit: '',
  },
  { name: 'cluster.stats', title: 'Stats with 256 partitions, on 3 masters', unit: 'ms' },
  {
    name: 'cluster.simulated',
    title: 'skewed traffic, decided by Redis: measured ÷ simulated',
    unit: '',
  },
  {
    name: 'client.joined',
    title: 'client + daemon + Redis CPU per decision, 50 callers: joined ÷ each alone',
    unit: '',
    bound: atMost(0.5),
  },
] as const satisfies readonly FigureSpec[];

export type FigureName = (typeof FIGURES)[number]['name'];
