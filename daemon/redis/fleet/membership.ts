import type { Logger } from 'pino';
import type { Fleet, FleetMember } from '../../quota/fleet';
import { translateFailure } from '../failures';
import type { FleetKeys, Keys } from '../keys';
import type { Database } from '../nodes';

/** How often a process reports itself, and learns who watches decisions. */
const BEAT_MS = 1_000;

/** A process that has been silent for this long is gone. */
const KEPT_MS = 10_000;

/** The membership of this process. */
export interface Membership extends Fleet {
  start(): void;
  /** Stops, and removes this process from the list at once. */
  stop(): Promise<void>;
}

export interface MembershipOptions {
  readonly redis: Database;
  readonly keys: Keys;
  /** This process, as it is now. */
  readonly self: () => FleetMember;
  /** Called at each beat. */
  readonly onBeat: () => Promise<void>;
  readonly logger: Logger;
}

export function createMembership({ redis, keys, self, onBeat, logger }: MembershipOptions): Membership {
  const { members, member } = keys.fleet;
  let timer: NodeJS.Timeout | undefined;

  async function beat(): Promise<void> {
    const me = self();
    await Promise.all([
      redis.set(member(me.processId), JSON.stringify(me), 'PX', KEPT_MS),
      redis.sadd(members, me.processId),
      onBeat(),
    ]);
  }

  return {
    start() {
      const tick = () =>
        beat().catch((error: unknown) => logger.debug({ err: error }, 'could not join the fleet yet'));
      timer ??= setInterval(tick, BEAT_MS).unref();
      void tick();
    },
    async stop() {
      clearInterval(timer);
      const { processId } = self();
      await Promise.all([redis.srem(members, processId), redis.del(member(processId))]).catch(
        () => undefined,
      );
    },
    async list() {
      const known = await readMembers(redis, keys.fleet);
      return [...known.values()].sort((a, b) => a.startTimeMs - b.startTimeMs);
    },
  };
}

/** The live processes, by their ids; forgets the others. */
async function readMembers(
  redis: Database,
  { members, member }: FleetKeys,
): Promise<Map<string, FleetMember>> {
  try {
    const ids = await redis.smembers(members);
    if (ids.length === 0) return new Map();
    const records = await redis.mget(...ids.map(member));
    const gone = ids.filter((_, at) => records[at] === null);
    if (gone.length > 0) await redis.srem(members, ...gone);
    return new Map(
      ids.flatMap((id, at) => {
        const record = records[at];
        return typeof record === 'string' ? [[id, JSON.parse(record) as FleetMember] as const] : [];
      }),
    );
  } catch (error) {
    throw translateFailure(error);
  }
}
