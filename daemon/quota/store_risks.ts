/** The settings that are judged, as the metric and the log name them. */
export const SETTINGS = ['version', 'appendonly', 'appendfsync', 'eviction', 'memory', 'replicas'] as const;

export type Setting = (typeof SETTINGS)[number];

/** One setting that a promise cannot rely on, and what that puts at risk. */
export interface Finding {
  readonly setting: Setting;
  readonly state: 'at_risk' | 'unknown';
  readonly why: string;
}
