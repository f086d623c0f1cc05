import { test } from '@jest/globals';
import type { Opened } from './opened';
import { describeWithPrometheus, type FiringAlert, startPrometheus } from './prometheus';
import { until } from './wait';

/** A healthy program, and the fault that raises its alert. */
export interface Stand {
  /** The address of its metrics. */
  readonly metricsUrl: string;
  /** Those of other programs of its kind, if one alone does not raise it. */
  readonly otherMetricsUrls?: readonly string[];
  begin(): Promise<unknown>;
  /** True of an alert about all programs together, which has no address. */
  readonly isOfAll?: boolean;
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
      const { metricsUrl, otherMetricsUrls = [], begin, isOfAll = false, labels = {} } = await makeStand();
      const instance = new URL(metricsUrl).host;
      const instances = [instance, ...otherMetricsUrls.map((url) => new URL(url).host)];
      const scraped = isOfSite(name) ? { webs: instances } : { daemons: instances };
      const prometheus = opened.closed(await startPrometheus(scraped), (each) => each.close());
      const firing = async () => (await prometheus.firing()).filter((alert) => alert.name === name);
      // A busy machine may be slow by itself for a moment.
      await until(`${name} not to fire yet`, async () => (await firing()).length === 0);
      await begin();
      await untilFires(isOfAll ? labels : { instance, ...labels }, { name, firing });
    });
  });
}

/** Waits for the alert with these labels: one fault may raise several of one name, each at its own moment. */
export async function untilFires(
  labels: Readonly<Record<string, string>>,
  {
    name,
    firing,
    ...bound
  }: { name: string; firing: () => Promise<readonly FiringAlert[]>; boundMs?: number },
): Promise<void> {
  let fired: readonly FiringAlert[] = [];
  const isExpected = (alert: FiringAlert) =>
    Object.entries(labels).every(([label, value]) => alert.labels[label] === value);
  await until(
    () => `${name} to fire with ${JSON.stringify(labels)}; so far of this name: ${JSON.stringify(fired)}`,
    async () => {
      fired = await firing();
      return fired.some(isExpected);
    },
    bound,
  );
}
