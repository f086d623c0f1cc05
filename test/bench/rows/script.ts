import { type Bench, interleave, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import { startBenchDaemon } from '../processes/daemon';
import { startBenchRedis } from '../processes/redis';
import { captureAdmission, captureJoined, captureRecordCall, requireDenied } from '../redis/capture';
import { entriesOf } from '../redis/filling';
import { JOINED, joinedPrefix } from '../redis/joined';
import { loadMinimal } from '../redis/minimal';
import { timedReplay } from '../redis/replay';
import { digitsOf, numbered, type Template } from '../redis/template';
import { openCaller, untilAnswered } from './calls';
import { startGenerator } from './generator';

/** Each subject takes all of its limit of ten, so the state has every size that it can have. */
const SUBJECTS = 2_000;
const QUICK_SUBJECTS = 100;
const TAKINGS = 10;

/** What Redis spends inside scripts and functions, with nothing else at work in it. */
export async function measureScript(bench: Bench): Promise<Measured> {
  const redis = await startBenchRedis(bench, 'redis_script');
  // A denial is to reach Redis each time.
  const env = { QUOTA_DENIAL_CACHE: 'off' };
  const daemon = await startBenchDaemon(bench, { name: 'daemon_script', redis, env });
  const caller = openCaller(daemon.target);
  const generator = startGenerator();
  const minimal = await loadMinimal(redis);
  const subjects = bench.isQuick ? QUICK_SUBJECTS : SUBJECTS;
  const count = subjects * TAKINGS;

  async function timed(calls: number, commandOf: (index: number) => Buffer[]): Promise<number> {
    const resume = daemon.freeze();
    try {
      return await timedReplay(redis, calls, commandOf);
    } finally {
      resume();
    }
  }

  function replayed(template: Template, { first, subjects, takings, firstTaking }: Lot): Promise<number> {
    return timed(subjects * takings, (index) =>
      numbered(template, { subject: first + (index % subjects), taking: firstTaking + index }),
    );
  }

  // Templates are captured anew for each round: a call may bear the moment until which it holds.
  const steps = {
    minimal: async (round: number) => ({
      minimal: await timed(count, (index) => minimal(round * subjects + (index % subjects), index)),
    }),
    async admission(round: number) {
      const template = await captureAdmission(redis, caller);
      const lot = { first: round * subjects, subjects, takings: TAKINGS, firstTaking: 0 };
      const admission = await replayed(template, lot);
      const denial = await replayed(template, { ...lot, firstTaking: count });
      await requireDenied(caller, digitsOf(lot.first));
      return { admission, denial };
    },
    async joined(round: number) {
      const template = await captureJoined(redis, caller);
      const calls = Math.ceil(subjects / JOINED);
      const lot = { first: round * calls, subjects: calls, takings: TAKINGS, firstTaking: 0 };
      const us = await replayed(template, lot);
      await requireDenied(caller, `${joinedPrefix(0)}${digitsOf(lot.first)}`);
      return { joined: us / entriesOf(template) };
    },
    async folded(round: number) {
      // Frozen just now, it answers when it has found its store again.
      await untilAnswered(() => caller.stats());
      const beforeUs = await redis.scriptUs();
      const { admitted } = await generator.closed({
        target: daemon.target,
        call: 'batch',
        batchSize: JOINED,
        concurrency: 1,
        connections: 1,
        durationMs: 60_000,
        count: Math.ceil(count / JOINED),
        subjects: { prefix: `folded-${round}-`, count: subjects },
      });
      // Reads exactly, so it waits until the consumer has counted all of them.
      await caller.stats();
      return { folded: ((await redis.scriptUs()) - beforeUs) / admitted };
    },
    async recordCall(round: number) {
      const template = await captureRecordCall(redis, caller);
      const lot = { first: round * subjects, subjects, takings: TAKINGS, firstTaking: round * count };
      return { recordCall: await replayed(template, lot) };
    },
  };

  try {
    const us = await interleave(roundsOf(bench), Object.values(steps));
    const figure = (name: keyof typeof us) => ({
      rounds: ratiosOf(us[name], us.minimal),
      parts: { µs: us[name], 'minimal µs': us.minimal },
    });
    return {
      'script.admission': figure('admission'),
      'script.joined': figure('joined'),
      'script.denial': figure('denial'),
      'script.folded': figure('folded'),
      'script.record-call': figure('recordCall'),
    };
  } finally {
    caller.close();
    await generator.stop();
    await daemon.stop();
    await redis.stop();
  }
}

type Lot = { first: number; subjects: number; takings: number; firstTaking: number };
