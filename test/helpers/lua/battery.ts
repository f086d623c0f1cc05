import type { Redis } from 'ioredis';
import { unpack } from '../../../daemon/redis/packing';
import { type Ask, type LimitStore, openLimitStore } from '../limit_store';
import { clear, contentsOf } from './contents';

const BOUNDS: readonly (readonly [RegExp, number])[] = [
  [/(PURGED_PER_CALL|REDATED_PER_CALL|MOST_REMEMBERED|MOST_SUMMARIES|KEPT|FORGOTTEN) = \d+/g, 4],
  [/(MOST_MEMBERS) = \d+/g, 70],
];

/**
 * The text of a file as the battery asks it: the time comes from two keys, so that it can be set to the microsecond, the
 * ids of the streams that follow Redis's own clock follow that time, and what is bounded by thousands is bounded by few.
 */
export function forBattery(text: string, file: string): string {
  if (file === 'lib/clock') return text.replaceAll("redis.call('TIME')", "redis.call('MGET', 's', 'us')");
  const bounded = BOUNDS.reduce((result, [bound, few]) => result.replace(bound, `$1 = ${few}`), text);
  if (file === 'limits/log')
    return bounded.replace("key, '*', '', at_text", "key, '9999999999999999-*', '', at_text");
  if (file === 'usage/record_calls') return bounded.replace("key, '*'", "key, to_text(call.now_ms) .. '-*'");
  // The time that a step took is that of the processor.
  if (file === 'erasing/rewrite') return bounded.replace('has_clock and clock_s * 1000000 or ', '');
  if (file === 'usage/denials') return bounded.replace("'*', subject", "to_text(now_us) .. '-*', subject");
  return bounded;
}

const SECOND_US = 1_000_000;
/** In the past, so that overrides that have ended by it have ended by the real clock too. */
const START_US = 1_700_000_000 * SECOND_US + 5000;

/** Every reply of a library, and what it left behind, in the order of what was asked. */
export type Transcript = readonly string[];

export interface Bench {
  readonly redis: Redis;
  readonly store: LimitStore;
  nowUs: number;
  /** Moves the clock. */
  pass(us: number): Promise<void>;
  ask(...asks: Ask[]): Promise<void>;
  /** Notes what Redis holds in the middle of a part. */
  look(): Promise<void>;
}

/** Asks a library of some of what its files do. */
export type Part = (bench: Bench) => Promise<void>;

export interface Battery {
  readonly version: string;
  readonly parts: readonly Part[];
}

/** Asks a library, which answers the same each time. */
export async function transcribe(redis: Redis, battery: Battery): Promise<Transcript> {
  const notes: string[] = [];
  await askParts(redis, { ...battery, note: (text) => notes.push(text), begin: () => undefined });
  return notes;
}

/** Asks a library until it answers otherwise than another one: the part in which it does, or undefined. */
export async function differingPart(
  redis: Redis,
  { expected, ...battery }: Battery & { readonly expected: Transcript },
): Promise<Part | undefined> {
  let notes = 0;
  let [current] = battery.parts;
  let hasDiverged = false;
  const note = (text: string) => {
    if (expected[notes] !== text) {
      hasDiverged = true;
      throw new Error('the library answers otherwise');
    }
    notes += 1;
  };
  try {
    const begin = (part: Part) => {
      current = part;
    };
    await askParts(redis, { ...battery, note, begin });
    return hasDiverged ? current : undefined;
  } catch {
    // A reply that nothing can read is another one, too.
    return current;
  }
}

interface Asking extends Battery {
  /** Of a reply, or of what Redis holds. */
  readonly note: (text: string) => void;
  readonly begin: (part: Part) => void;
}

async function askParts(redis: Redis, { version, parts, note, begin }: Asking): Promise<void> {
  const noteAny = (what: unknown) => note(scrub(JSON.stringify(what)));
  const restore = listen(redis, version, noteAny);
  try {
    const look = async () => noteAny(await contentsOf(redis));
    const bench = await openBench(redis, look);
    for (const part of parts) {
      begin(part);
      await part(bench);
      await look();
      await clear(redis);
    }
  } finally {
    restore();
  }
}

/** Lets calls of functions go to those of a version, and notes their replies before anything reads them. */
function listen(redis: Redis, version: string, note: (what: unknown) => void): () => void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    if (command.name.toLowerCase() !== 'fcall') return send(command, stream);
    const [name] = command.args;
    command.args[0] = String(name).replace(/_[0-9a-f]{8}$/, `_${version}`);
    const reply = send(command, stream) as Promise<unknown>;
    return reply.then(
      (value) => {
        note(readable(String(name), value));
        return value;
      },
      (error: Error) => {
        note(error.message);
        throw error;
      },
    );
  };
  return () => {
    redis.sendCommand = send;
  };
}

/** Packed tables have no order. */
function readable(name: string, value: unknown): unknown {
  if (name.startsWith('quota_fold_')) return sorted(unpack(value as Buffer));
  return JSON.parse(JSON.stringify(value, latin1));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .map(([key, each]) => [key, sorted(each)])
    .sort();
}

function latin1(_: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]).toString('latin1') : value;
}

async function openBench(redis: Redis, look: Bench['look']): Promise<Bench> {
  await setClock(redis, START_US);
  const store = await openLimitStore({ admissions: redis, prefix: '' });
  const bench: Bench = {
    redis,
    store,
    look,
    nowUs: START_US,
    async pass(us: number) {
      bench.nowUs += us;
      await setClock(redis, bench.nowUs);
    },
    async ask(...asks: Ask[]) {
      await store.admitAll(asks.map((each) => ({ wantsIds: true, ...each })));
    },
  };
  return bench;
}

export async function setClock(redis: Redis, nowUs: number): Promise<void> {
  await redis.mset('s', Math.floor(nowUs / SECOND_US), 'us', nowUs % SECOND_US);
}

/** Each claim has an epoch of its own, and a fault names the version and the line. */
function scrub(text: string): string {
  return text.replaceAll(/[0-9a-f-]{36}/g, 'EPOCH').replaceAll(/(user_function|quota_\w+)(:\d+)?/g, 'LUA');
}
