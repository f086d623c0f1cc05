import type { Fact, Span } from './history';

/** The earliest and the latest possible time of a moment, by the store's clock. */
export interface Range {
  readonly earliestUs: number;
  readonly latestUs: number;
}

/** When the store's clock was set, and what it showed just after. */
interface Step {
  readonly atUs: number;
  readonly byUs: number;
  readonly showedUs: number;
}

/** An epoch lies between two steps: 0 comes before the first. */
export interface Epochs {
  readonly from: number;
  readonly to: number;
}

/** The store's clock beside those of the daemons, which agree but for a tolerance and for the steps that are known. */
export interface StoreClock {
  readonly toleranceUs: number;
  readonly stepCount: number;
  /** How many steps forwards there were between two epochs. */
  forwardSteps(epochs: Epochs): number;
  /** A moment of the store by a clock that was never set. */
  realUs(storeUs: number, epoch: number): number;
  /** What the store's clock may have shown in a span. */
  rangeOf(span: Span): Range;
  /** The same for what is calculated from a moment of the span on, whatever was set after that moment. */
  rangeGoingOn(span: Span): Range;
  /** After how many steps something was decided; undefined if that is unknown. */
  epochOf(span: Span, decidedUs: number): number | undefined;
  /** The same for a whole span. */
  soleEpoch(span: Span): number | undefined;
  /** The earliest that a moment counts as after the backward steps between two epochs: a clock set back dates it anew. */
  redatedUs(us: number, epochs: Epochs): number;
}

export function createStoreClock(facts: readonly Fact[], toleranceUs: number): StoreClock {
  const steps: Step[] = [];
  let offsetUs = 0;
  for (const { atUs, fact } of facts.toSorted((a, b) => a.atUs - b.atUs)) {
    if (fact.fact !== 'clock_step') continue;
    offsetUs += fact.byUs;
    steps.push({ atUs, byUs: fact.byUs, showedUs: atUs + offsetUs });
  }
  const offsets = [0, ...steps.map(({ atUs, showedUs }) => showedUs - atUs)];

  /** The epochs that a span may touch. */
  function epochsOf({ sentUs, answeredUs }: Span): number[] {
    const first = steps.filter(({ atUs }) => atUs < sentUs - toleranceUs).length;
    const last = steps.filter(({ atUs }) => atUs <= answeredUs + toleranceUs).length;
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }

  /** What the clock may have shown in the part of a span that lies in one epoch. */
  function rangeIn({ sentUs, answeredUs }: Span, epoch: number): Range {
    const offset = offsets[epoch] ?? 0;
    const beginUs = Math.max(sentUs, steps[epoch - 1]?.atUs ?? sentUs);
    const endUs = Math.min(answeredUs, steps[epoch]?.atUs ?? answeredUs);
    return { earliestUs: beginUs + offset - toleranceUs, latestUs: endUs + offset + toleranceUs };
  }

  function rangeOf(span: Span): Range {
    const ranges = epochsOf(span).map((epoch) => rangeIn(span, epoch));
    return {
      earliestUs: Math.min(...ranges.map(({ earliestUs }) => earliestUs)),
      latestUs: Math.max(...ranges.map(({ latestUs }) => latestUs)),
    };
  }

  return {
    toleranceUs,
    stepCount: steps.length,
    forwardSteps: ({ from, to }) => steps.slice(from, to).filter(({ byUs }) => byUs > 0).length,
    realUs: (storeUs, epoch) => storeUs - (offsets[epoch] ?? 0),

    rangeOf,

    rangeGoingOn(span) {
      const mostUs = Math.max(...epochsOf(span).map((epoch) => offsets[epoch] ?? 0));
      return { ...rangeOf(span), latestUs: span.answeredUs + mostUs + toleranceUs };
    },

    epochOf(span, decidedUs) {
      const possible = epochsOf(span).filter((epoch) => {
        const { earliestUs, latestUs } = rangeIn(span, epoch);
        return decidedUs >= earliestUs && decidedUs <= latestUs;
      });
      return possible.length === 1 ? possible[0] : undefined;
    },

    soleEpoch(span) {
      const [first, ...more] = epochsOf(span);
      return more.length === 0 ? first : undefined;
    },

    redatedUs(us, { from, to }) {
      const back = steps.slice(from, to).filter(({ byUs }) => byUs < 0);
      return Math.min(us, ...back.map(({ showedUs }) => showedUs - toleranceUs));
    },
  };
}
