import { Gauge, type Registry } from 'prom-client';
import { type Finding, SETTINGS } from '../quota/store_risks';

/** The risks in the settings, by connection; undefined if not read yet. */
export type StoreFindings = Readonly<Record<string, () => readonly Finding[] | undefined>>;

const STATES = ['safe', 'at_risk', 'unknown'] as const;

/** Shows the settings of Redis that the guarantees depend on. */
export function watchStoreSettings(storeFindings: StoreFindings, registers: Registry[]): void {
  new Gauge({
    name: 'quota_store_setting',
    aggregator: 'max',
    help: '1 for the state of each setting of Redis that the promises depend on: safe, at_risk or unknown.',
    labelNames: ['connection', 'setting', 'state'],
    registers,
    collect() {
      for (const [connection, findings] of Object.entries(storeFindings)) {
        for (const setting of SETTINGS) {
          const current = stateOf(findings(), setting);
          for (const state of STATES) this.set({ connection, setting, state }, Number(state === current));
        }
      }
    },
  });
}

function stateOf(findings: readonly Finding[] | undefined, setting: string): (typeof STATES)[number] {
  if (findings === undefined) return 'unknown';
  return findings.find((finding) => finding.setting === setting)?.state ?? 'safe';
}
