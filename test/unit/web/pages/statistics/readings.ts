import type { Reading } from '../../../../../web/pages/statistics/reading';

/** Two hours around a midnight in Paris. */
export const READING: Reading = {
  stats: {
    recentUsers: [{ subject: '1', connectTime: new Date('2026-01-01T23:10:00Z') }],
    topUsers: [
      { subject: '1', count: 1_024 },
      { subject: 'other-7', count: 3 },
    ],
    services: [
      { service: 'vente', callCount: 5 },
      { service: 'louage', callCount: 0 },
    ],
    hours: [
      { startTime: new Date('2026-01-01T22:00:00Z'), policies: [] },
      {
        startTime: new Date('2026-01-01T23:00:00Z'),
        policies: [
          { policy: 'connection', admitted: 4, denied: 1, refunded: 0 },
          { policy: 'service-call', admitted: 9, denied: 2, refunded: 0 },
        ],
      },
    ],
    readTime: new Date('2026-01-01T23:14:07Z'),
  },
  leastActive: [],
  names: new Map([['1', 'Ada Lovelace']]),
};

/** The same, read later. */
export function readAgain(): Reading {
  return { ...READING, stats: { ...READING.stats, readTime: new Date('2026-01-01T23:14:09Z') } };
}
