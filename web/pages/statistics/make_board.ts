import type { MessageKey } from '../../i18n/messages';
import type { Translator } from '../../i18n/translator';
import type { Stats } from '../../quota/client';
import { POLICIES, SERVICES } from '../../quota_names';
import { type Board, FIGURE_IDS, type Panel } from './board';
import type { HourNames } from './hour_names';
import type { Names } from './names';
import type { Reading } from './reading';

/** Those that the site knows; another configured service goes by its own name. */
const SERVICE_NAMES: Record<string, MessageKey | undefined> = {
  [SERVICES.buy]: 'services.achat',
  [SERVICES.sell]: 'services.vente',
};

type Gist = 'statistics.top.gist' | 'statistics.least.gist' | 'statistics.services.gist';

/** Writes the board for one reader: names instead of subjects, everything in the reader's language. */
export function makeBoard(
  { stats, leastActive, names }: Reading,
  translator: Translator,
  hourNames: HourNames,
): Board {
  const { t, clockIn } = translator;
  const nameOf = namesFor(names, translator);
  const bars = (gist: Gist, counts: Count[]) => countsPanel(gist, counts, translator);
  const users = (counts: Stats['topUsers']) =>
    counts.map(({ subject, count }) => ({ name: nameOf(subject), count, link: linkOf(names, subject) }));
  const services = stats.services.map(({ service, callCount }) => {
    const key = SERVICE_NAMES[service];
    return { name: key ? t(key) : service, count: callCount, link: '' };
  });
  const hours = hoursPanel(stats, translator, hourNames);
  return {
    readTime: clockIn(0, stats.readTime.getTime()),
    figures: figuresOf(hours, translator),
    panels: {
      hours,
      top: bars('statistics.top.gist', users(stats.topUsers)),
      services: bars('statistics.services.gist', services),
      recent: recentPanel(stats, translator, (subject) => [nameOf(subject), linkOf(names, subject)]),
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

/** The student's page; empty for a subject that is no account. */
function linkOf(names: Names, subject: string): string {
  return names.has(subject) ? `/students/${subject}` : '';
}

type Count = { name: string; count: number; link: string };

function countsPanel(gist: Gist, counts: Count[], { t, number }: Translator): Panel {
  const [first] = counts;
  return {
    gist: first ? t(gist, { name: first.name, count: first.count }) : t('statistics.nothing'),
    rows: counts.map(({ name, count }) => [name, number(count)]),
    links: counts.map(({ link }) => link),
    labels: counts.map(({ name }) => name),
    series: [counts.map(({ count }) => count)],
  };
}

/** A list, and no picture. */
function recentPanel(
  { recentUsers }: Stats,
  { moment }: Translator,
  userOf: (subject: string) => [name: string, link: string],
): Panel {
  const users = recentUsers.map(({ subject, connectTime }) => {
    const [name, link] = userOf(subject);
    return { row: [name, connectTime ? moment(connectTime).text : ''], link };
  });
  return {
    gist: '',
    rows: users.map(({ row }) => row),
    links: users.map(({ link }) => link),
    labels: [],
    series: [],
  };
}

/** The numbers of an hour, in the order of FIGURE_IDS. */
function countsOf(policies: Stats['hours'][number]['policies']): number[] {
  const connection = policies.find(({ policy }) => policy === POLICIES.connection);
  const call = policies.find(({ policy }) => policy === POLICIES.serviceCall);
  return [connection?.admitted, call?.admitted, connection?.denied, call?.denied].map((count) => count ?? 0);
}

function hoursPanel({ hours }: Stats, { t, number }: Translator, { hour }: HourNames): Panel {
  const counts = hours.map(({ policies }) => countsOf(policies));
  const labels = hours.map(({ startTime }) => hour(startTime));
  const series = FIGURE_IDS.map((_, column) => counts.map((row) => row[column] ?? 0));
  const [connections = 0, calls = 0, connectionsRefused = 0, callsRefused = 0] = series.map(sum);
  const totals = { connections, calls, connectionsRefused, callsRefused };
  return {
    gist: t('statistics.hours.gist', { hours: hours.length, ...totals }),
    // The latest first: readers look for it most.
    rows: counts.map((row, at) => [labels[at] ?? '', ...row.map(number)]).reverse(),
    links: hours.map(() => ''),
    labels,
    series,
  };
}

function figuresOf({ series }: Panel, { number }: Translator): Board['figures'] {
  const figures = FIGURE_IDS.map((id, column) => [id, number(sum(series[column] ?? []))] as const);
  return Object.fromEntries(figures) as Board['figures'];
}

function daysOf({ hours }: Stats, { day }: HourNames): Board['days'] {
  const names = hours.map(({ startTime }) => day(startTime));
  const starts = names.flatMap((name, index) => (index === 0 || name !== names[index - 1] ? [index] : []));
  return starts.map((start, at) => {
    const end = starts[at + 1] ?? names.length;
    return { start, middle: Math.floor((start + end - 1) / 2), name: names[start] ?? '' };
  });
}

function sum(counts: number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
