import { type Bench, interleave, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import type { BenchDaemon } from '../processes/daemon';
import type { BenchRedis } from '../processes/redis';
import { captureAdmission, captureJoined, captureRecordCall, requireDenied } from '../redis/capture';
import { entriesOf } from '../redis/filling';
import { JOINED, joinedPrefix } from '../redis/joined';
import { loadMinimal } from '../redis/minimal';
import { timedReplay } from '../redis/replay';
import { digitsOf, numbered, type Template } from '../redis/template';
import { type Caller, untilAnswered } from './calls';
import type { Generator } from './generator';
import { onStage } from './stage';

/** Each subject takes all of its limit of ten, so the state has every size that it can have. */
const SUBJECTS = 2_000;
const QUICK_SUBJECTS = 100;
const TAKINGS = 10;

const CALLS_DATABASE = 1;

/** A round takes as long as it takes. */
const NO_BOUND_MS = 600_000;

/** What Redis spends inside scripts and functions. */
export function measureScript(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('script');
    // A denial is to reach Redis each time.
    const daemon = await stage.daemon({ name: 'script', redis, env: { QUOTA_DENIAL_CACHE: 'off' } });
    const caller = stage.caller(daemon.target);
    const subjects = bench.isQuick ? QUICK_SUBJECTS : SUBJECTS;
    const place = { redis, daemon, caller, generator: stage.generator(), subjects };
    const us = await interleave<Name>(roundsOf(bench), await stepsOf(place));
    const figure = (name: Name) => ({
      rounds: ratiosOf(us[name], us.minimal),
      parts: { µs: us[name], 'minimal µs': us.minimal },
    });
    return {
      'script.admission': figure('admission'),
      'script.joined': figure('joined'),
      'script.denial': figure('denial'),
      'script.folded': us.folded ? figure('folded') : new Error('Stats counts no connection'),
      'script.record-call': figure('recordCall'),
    };
  });
}

type Name = 'minimal' | 'admission' | 'denial' | 'joined' | 'folded' | 'recordCall';

interface Place {
  readonly redis: BenchRedis;
  readonly daemon: BenchDaemon;
  readonly caller: Caller;
  readonly generator: Generator;
  readonly subjects: number;
}

/** Templates are captured anew for each round: a call may bear the moment until which it holds. */
async function stepsOf(place: Place) {
  const { redis, caller, subjects } = place;
  const minimal = await loadMinimal(redis);
  const count = subjects * TAKINGS;
  return [
    async (turn: number) => ({
      minimal: await timedAlone(place, count, (index) =>
        minimal(digitsOf(turn * subjects + (index % subjects)), digitsOf(index)),
      ),
    }),
    // All of them are admitted; then the same subjects are denied.
    async (turn: number) => {
      const template = await captureAdmission(redis, caller);
      const lot = { first: turn * subjects, subjects, firstTaking: 0 };
      const admission = await timedLot(place, template, lot);
      const denial = await timedLot(place, template, { ...lot, firstTaking: count });
      await requireDenied(caller, digitsOf(lot.first));
      return { admission, denial };
    },
    async (turn: number) => {
      const template = await captureJoined(redis, caller);
      const calls = Math.ceil(subjects / JOINED);
      const lot = { first: turn * calls, subjects: calls, firstTaking: 0 };
      const us = await timedLot(place, template, lot);
      await requireDenied(caller, `${joinedPrefix(0)}${digitsOf(lot.first)}`);
      return { joined: us / entriesOf(template) };
    },
    async (turn: number) => foldedUs(place, `folded-${turn}-`),
    async (turn: number) => {
      const template = await captureRecordCall(redis, caller);
      const lot = { first: turn * subjects, subjects, firstTaking: turn * count };
      // The calls have a database, and so a claim, of their own.
      await redis.client.select(CALLS_DATABASE);
      try {
        return { recordCall: await timedLot(place, template, lot) };
      } finally {
        await redis.client.select(0);
      }
    },
  ];
}

/** The subjects of a measurement, and the number of their first taking. */
type Lot = { first: number; subjects: number; firstTaking: number };

function timedLot(place: Place, template: Template, { first, subjects, firstTaking }: Lot): Promise<number> {
  return timedAlone(place, subjects * TAKINGS, (index) =>
    numbered(template, { subject: first + (index % subjects), taking: firstTaking + index }),
  );
}

/** With nothing else at work in Redis: the daemon is frozen meanwhile. */
async function timedAlone(
  { redis, daemon }: Place,
  count: number,
  commandOf: (index: number) => (Buffer | string)[],
): Promise<number> {
  const resume = daemon.freeze();
  try {
    return await timedReplay(redis, count, commandOf);
  } finally {
    resume();
  }
}

/** The time for one admission of batches as large as a joined call, until all are counted. Nothing, if none is counted. */
async function foldedUs(place: Place, prefix: string): Promise<{ folded?: number }> {
  const { redis, daemon, caller, generator, subjects } = place;
  // Frozen just now, it answers when it has found its store again.
  await untilAnswered(() => caller.stats());
  const beforeUs = await redis.scriptUs();
  const { admitted } = await generator.closed({
    target: daemon.target,
    call: 'batch',
    batchSize: JOINED,
    concurrency: 1,
    connections: 1,
    durationMs: NO_BOUND_MS,
    count: Math.ceil((subjects * TAKINGS) / JOINED),
    subjects: { prefix, count: subjects },
  });
  // Reads exactly, so it waits until all of them are counted.
  const { subjectUsage } = await caller.stats({ subject: `${prefix}1` });
  const folded = ((await redis.scriptUs()) - beforeUs) / admitted;
  return subjectUsage?.connectionCount ? { folded } : {};
}
