const MS_PER_S = 1000;

/** Lets a few events of each kind a second be logged, and counts the rest. */
export interface Sampler {
  /** How many of this kind were hidden since the last shown one; undefined if this one is hidden too. */
  show(kind: string): number | undefined;
}

/** The kinds must be few: names of the policies file or of the code, never what a caller sent. */
export function createSampler({
  perSecond,
  nowMs = () => performance.now(),
}: {
  perSecond: number;
  nowMs?: () => number;
}): Sampler {
  const kinds = new Map<string, { sinceMs: number; shown: number; notShown: number }>();

  return {
    show(kind) {
      const now = nowMs();
      let state = kinds.get(kind);
      if (state === undefined) {
        state = { sinceMs: now, shown: 0, notShown: 0 };
        kinds.set(kind, state);
      }
      if (now - state.sinceMs >= MS_PER_S) {
        state.sinceMs = now;
        state.shown = 0;
      }
      if (state.shown >= perSecond) {
        state.notShown += 1;
        return undefined;
      }
      state.shown += 1;
      const { notShown } = state;
      state.notShown = 0;
      return notShown;
    },
  };
}
