import { expect, test } from '@jest/globals';
import type { Opened } from './opened';
import { describeWithPrometheus, type FiringAlert, startPrometheus } from './prometheus';
import { until } from './wait';

/** A healthy program, and the fault that raises its alert. */
export interface Stand {
  /** The address of its metrics. */
  readonly metricsUrl: string;
  begin(): Promise<unknown>;
  /** The labels of the alert besides the program's address. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** By the name of the alert. */
export type Stands = Readonly<Record<string, () => Promise<Stand>>>;

const isOfSite = (alert: string) => alert.startsWith('Web');

/** Each fault, under a real Prometheus that scrapes a real program: its alert fires, and did not fire before. */
export function describeAlerts(opened: Opened, stands: Stands): void {
  describeWithPrometheus('alerts of the compose stack (need Prometheus)', () => {
    test.each(Object.entries(stands))('%s, fires once its fault has begun', async (name, makeStand) => {
      const { metricsUrl, begin, labels = {} } = await makeStand();
      const instance = new URL(metricsUrl).host;
      const scraped = isOfSite(name) ? { webs: [instance] } : { daemons: [instance] };
      const prometheus = opened.closed(await startPrometheus(scraped), (each) => each.close());
      const firing = async () => (await prometheus.firing()).filter((alert) => alert.name === name);
      // A busy machine may be slow by itself for a moment.
      await until(`${name} not to fire yet`, async () => (await firing()).length === 0);
      await begin();
      let fired: readonly FiringAlert[] = [];
      await until(`${name} to fire`, async () => {
        fired = await firing();
        return fired.length > 0;
      });

      expect(fired.map((alert) => alert.labels)).toContainEqual(
        expect.objectContaining({ instance, ...labels }),
      );
    });
  });
}
