import type { Stats } from '../../quota/client';
import { formatMoment, type PageTime } from '../format';

/** The name under which a page shows a subject: a student's, or only that it is one. */
export type NameOf = (subject: string) => string;

/** The statistics as the home page shows them: no subject is left in them. */
export type Figures = {
  recent: { name: string; time: PageTime | undefined }[];
  top: { name: string; count: number }[];
  leastActive: { name: string; count: number }[];
  services: { name: string; count: number }[];
};

/** Puts names in the place of subjects. */
export function toFigures(stats: Stats, nameOf: NameOf): Figures {
  const toCount = ({ subject, count }: { subject: string; count: number }) => ({
    name: nameOf(subject),
    count,
  });
  return {
    recent: stats.recentUsers.map(({ subject, connectTime }) => ({
      name: nameOf(subject),
      time: connectTime && formatMoment(connectTime),
    })),
    top: stats.topUsers.map(toCount),
    leastActive: stats.leastActiveUsers.map(toCount),
    services: stats.services.map(({ service, callCount }) => ({
      name: capitalize(service),
      count: callCount,
    })),
  };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
