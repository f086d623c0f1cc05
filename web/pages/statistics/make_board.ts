import type { MessageKey } from '../../i18n/messages';
import type { Translator } from '../../i18n/translator';
import type { Stats } from '../../quota/client';
import type { Board, Panel } from './board';
import type { HourNames } from './hour_names';
import type { Names } from './names';
import type { Reading } from './reading';

/** Those that the site knows; another configured service goes by its own name. */
const SERVICES: Record<string, MessageKey | undefined> = {
  achat: 'services.achat',
  vente: 'services.vente',
};

type Gist = 'statistics.top.gist' | 'statistics.least.gist' | 'statistics.services.gist';

/** Writes the board for one reader: names in the place of subjects, everything in the reader's language. */
export function makeBoard(
  { stats, leastActive, names }: Reading,
  translator: Translator,
  hourNames: HourNames,
): Board {
  const { t, clockIn } = translator;
  const nameOf = namesFor(names, translator);
  const bars = (gist: Gist, counts: Count[]) => countsPanel(gist, counts, translator);
  const users = (counts: Stats['topUsers']) =>
    counts.map(({ subject, count }) => ({ name: nameOf(subject), count }));
  const services = stats.services.map(({ service, callCount }) => {
    const key = SERVICES[service];
    return { name: key ? t(key) : service, count: callCount };
  });
  return {
    readTime: clockIn(0, stats.readTime.getTime()),
    panels: {
      hours: hoursPanel(stats, translator, hourNames),
      top: bars('statistics.top.gist', users(stats.topUsers)),
      services: bars('statistics.services.gist', services),
      recent: recentPanel(stats, translator, nameOf),
      least: bars(
        'statistics.least.gist',
        users(leastActive.map(({ id, count }) => ({ subject: String(id), count }))),
      ),
    },
    days: daysOf(stats, hourNames),
  };
}

type NameOf = (subject: string) => string;

function namesFor(names: Names, { t }: Translator): NameOf {
  return (subject) => names.get(subject) ?? t('statistics.stranger', { subject });
}

type Count = { name: string; count: number };

function countsPanel(gist: Gist, counts: Count[], { t, number }: Translator): Panel {
  const [first] = counts;
  return {
    gist: first ? t(gist, first) : t('statistics.nothing'),
    rows: counts.map(({ name, count }) => [name, number(count)]),
    labels: counts.map(({ name }) => name),
    series: [counts.map(({ count }) => count)],
  };
}

/** A list, and no picture. */
function recentPanel({ recentUsers }: Stats, { moment }: Translator, nameOf: NameOf): Panel {
  const rows = recentUsers.map(({ subject, connectTime }) => [
    nameOf(subject),
    connectTime ? moment(connectTime).text : '',
  ]);
  return { gist: '', rows, labels: [], series: [] };
}

function hoursPanel({ hours }: Stats, { t, number }: Translator, { hour }: HourNames): Panel {
  const counts = hours.map(({ startTime, policies }) => {
    const connection = policies.find(({ policy }) => policy === 'connection');
    const call = policies.find(({ policy }) => policy === 'service-call');
    return {
      name: hour(startTime),
      connections: connection?.admitted ?? 0,
      connectionsRefused: connection?.denied ?? 0,
      callsRefused: call?.denied ?? 0,
    };
  });
  const series = [
    counts.map(({ connections }) => connections),
    counts.map(({ connectionsRefused }) => connectionsRefused),
    counts.map(({ callsRefused }) => callsRefused),
  ];
  const [connections = 0, connectionsRefused = 0, callsRefused = 0] = series.map(sum);
  const totals = { connections, connectionsRefused, callsRefused };
  return {
    gist: t('statistics.hours.gist', { hours: counts.length, ...totals }),
    // The latest first: it is looked for most.
    rows: counts.map(({ name, ...figures }) => [name, ...Object.values(figures).map(number)]).reverse(),
    labels: counts.map(({ name }) => name),
    series,
  };
}

function daysOf({ hours }: Stats, { day }: HourNames): Board['days'] {
  const names = hours.map(({ startTime }) => day(startTime));
  return names.flatMap((name, index) => (index > 0 && name !== names[index - 1] ? [{ index, name }] : []));
}

function sum(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
