import { z } from 'zod';

const limitLine = z.object({
  name: z.string(),
  algorithm: z.enum(['sliding-window', 'token-bucket']),
  limit: z.number(),
  windowUs: z.number(),
  shadow: z.boolean(),
});

const policyLine = z.object({
  policy: z.string(),
  rule: z.enum(['deny', 'admit', 'local']),
  rememberUs: z.number(),
  recordsConnections: z.boolean(),
  /** How many replicas had to have an admission before it was answered. */
  waitReplicas: z.number().optional(),
  /** Whether it answers once an admission is on disk. */
  isDurable: z.boolean().default(false),
  limits: z.array(limitLine),
});

const withDeadline = { deadlineUs: z.number().optional() };

const admission = {
  by: z.number(),
  subject: z.string(),
  policy: z.string(),
  cost: z.number(),
  id: z.string().optional(),
};

const override = { subject: z.string(), policy: z.string(), name: z.string() };

/** What was sent to the store, by its operation. */
const sentLine = z.discriminatedUnion('op', [
  z.object({ op: z.literal('admit'), ...admission, ...withDeadline }),
  z.object({ op: z.literal('restore'), ...admission, admittedUs: z.number() }),
  z.object({
    op: z.literal('refund'),
    by: z.number(),
    subject: z.string(),
    policy: z.string(),
    id: z.string(),
  }),
  z.object({ op: z.literal('reset'), subject: z.string(), policies: z.array(z.string()) }),
  z.object({
    op: z.literal('set_override'),
    ...override,
    limit: z.number(),
  }),
  z.object({
    op: z.literal('raise'),
    ...override,
    limit: z.number(),
    durationUs: z.number(),
    configuredLimit: z.number(),
  }),
  z.object({ op: z.literal('clear_override'), ...override }),
  z.object({
    op: z.literal('call'),
    subject: z.string(),
    service: z.string(),
    id: z.string().optional(),
    ...withDeadline,
  }),
  z.object({
    op: z.literal('statistics'),
    topCount: z.number(),
    topWindowMs: z.number(),
    leastCount: z.number(),
    subject: z.string().optional(),
  }),
  z.object({ op: z.literal('erase'), subject: z.string() }),
]);

const userCount = z.object({ subject: z.string(), count: z.number() });

const statisticsFields = {
  readTimeMs: z.number(),
  topUsers: z.array(userCount),
  leastActiveUsers: z.array(userCount),
  services: z.array(z.object({ service: z.string(), callCount: z.number() })),
  subjectUsage: z
    .object({ subject: z.string(), connectionCount: z.number(), callCount: z.number() })
    .optional(),
};

/** An answer of any operation: its content depends on the operation. */
const answeredLine = z.object({
  of: z.number(),
  error: z.string().optional(),
  isGivenUp: z.boolean().optional(),
  admitted: z.boolean().optional(),
  isRepeat: z.boolean().optional(),
  degraded: z.boolean().optional(),
  decidedUs: z.number().optional(),
  limits: z
    .array(
      z.object({
        name: z.string(),
        limit: z.number(),
        remaining: z.number(),
        windowUs: z.number(),
        shadow: z.boolean(),
        overridden: z.boolean(),
      }),
    )
    .optional(),
  isRecorded: z.boolean().optional(),
  /** False if the request had been refunded before. */
  isRefunded: z.boolean().optional(),
  /** What was refunded. */
  cost: z.number().optional(),
  isRestored: z.boolean().optional(),
  isSet: z.boolean().optional(),
  /** When an override ends. */
  expireUs: z.number().optional(),
  ...z.object(statisticsFields).partial().shape,
});

/** Each may be on servers of its own. */
const database = z.enum(['admissions', 'calls']);

/**
 * A replica has taken the place of its master. What the master answered from a moment on, when not all of its replicas
 * received its writes any more, may be lost: for as long as its settings let it go on. (`min-replicas-max-lag`)
 */
const failover = z.object({
  fact: z.literal('failover'),
  fromUs: z.number(),
  boundUs: z.number().min(0),
  /** How many replicas the master had; nothing that all of them confirmed is lost. */
  replicas: z.int().min(1).default(1),
  /** What the master held; both unless given. */
  databases: z.array(database).min(1).optional(),
});

/** A process has noticed that another server took the place of a master. */
const masterReplaced = z.object({
  fact: z.literal('master_replaced'),
  database,
  from: z.string(),
  to: z.string(),
  partitions: z.int().min(1),
});

/** What the daemons notice, and what the injector of faults and the operator know: clock steps, what the store may have lost, erasures that have ended. */
const factLine = z.discriminatedUnion('fact', [
  z.object({ fact: z.literal('clock_step'), byUs: z.number() }),
  z.object({ fact: z.literal('may_be_lost'), fromUs: z.number(), toUs: z.number() }),
  z.object({ fact: z.literal('erasure_ended'), subject: z.string() }),
  failover,
  masterReplaced,
]);

/** One try of a client, as it saw it. */
const clientLine = z.object({
  op: z.enum(['admit', 'call', 'refund']),
  subject: z.string(),
  id: z.string(),
  sentUs: z.number(),
  deadlineUs: z.number(),
  /** How long the client's process was held up. */
  stalledUs: z.number().default(0),
  /** How long the daemon that it asked was stopped by the injector of faults. */
  stoppedUs: z.number().default(0),
  outcome: z.string(),
});

/** What every line holds. */
const head = z.object({
  seq: z.int().min(0),
  daemon: z.string(),
  kind: z.enum(['start', 'policy', 'sent', 'answered', 'fact', 'client']),
  atUs: z.number(),
});

const BODIES = {
  start: z.object({ format: z.literal(1) }),
  policy: policyLine,
  sent: sentLine,
  answered: answeredLine,
  fact: factLine,
  client: clientLine,
};

type Head = z.infer<typeof head>;
export type LimitLine = z.infer<typeof limitLine>;
export type PolicyLine = z.infer<typeof policyLine>;
export type SentLine = z.infer<typeof sentLine>;
export type AnsweredLine = z.infer<typeof answeredLine>;
export type DatabaseName = z.infer<typeof database>;
export type FailoverLine = z.infer<typeof failover>;
export type MasterReplacedLine = z.infer<typeof masterReplaced>;
export type FactLine = z.infer<typeof factLine>;
export type ClientLine = z.infer<typeof clientLine>;

/** One line of a record. */
export type Line = Head &
  (
    | { kind: 'start' }
    | { kind: 'policy'; body: PolicyLine }
    | { kind: 'sent'; body: SentLine }
    | { kind: 'answered'; body: AnsweredLine }
    | { kind: 'fact'; body: FactLine }
    | { kind: 'client'; body: ClientLine }
  );

/** Parses one line; throws if it is invalid. */
export function parseLine(text: string): Line {
  const value: unknown = JSON.parse(text);
  const parsed = head.parse(value);
  return { ...parsed, body: BODIES[parsed.kind].parse(value) } as Line;
}
