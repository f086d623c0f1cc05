import { describe, expect, test } from '@jest/globals';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { overload } from '../helpers/overload';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** So many that it is no accident. */
const SHED_CALLS = 300;

describe('a daemon that is overloaded, with a store that answers', () => {
  test('sheds calls, and never takes the store for one that is gone', async () => {
    const redis = await opened.redis();
    const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('local') });
    async function metric(name: string): Promise<number> {
      const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
      const { samples } = parsePrometheusText(text).get(name) ?? {};
      if (samples === undefined) throw new Error(`there is no metric ${name}`);
      return [...samples.values()].reduce((sum, value) => sum + value, 0);
    }
    overload(opened, daemon);
    const circuits: number[] = [];
    await until('calls to be shed', async () => {
      circuits.push(await metric('quota_circuit_open'));
      return (await metric('quota_shed_calls_total')) >= SHED_CALLS;
    });

    expect(new Set(circuits)).toEqual(new Set([0]));
    expect(await metric('quota_degraded_decisions_total')).toBe(0);
    // The log misses none of its openings between two looks.
    expect(daemon.log.filter(({ msg }) => msg === 'redis is not used until a probe succeeds')).toEqual([]);
  });
});
