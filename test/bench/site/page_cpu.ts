import { createVisitor, type Visitor } from '../../../scripts/demo/visitor';
import type { Bench } from '../bench';
import { cpuUsOf } from '../processes/cpu';
import { startHelper } from '../processes/helper';
import { logIn, type Place, type RunningWeb, startDaemon, startWeb } from './pages';
import type { StockedMarket } from './stocked_market';
import { medianOf } from './timing';

/** Requests of one measurement: the processor time is counted in hundredths of a second. */
const REQUESTS = 300;
const QUICK_REQUESTS = 20;

/** The empty page is so cheap that it needs more for the same precision. */
const EMPTY_FACTOR = 5;

const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** How many visitors ask at the same time. */
const VISITORS = 4;

const PAGES = [
  ['home, a visitor', '/', 'visitor'],
  ['login, a visitor', '/login', 'visitor'],
  ['home, a student', '/', 'student'],
  ['services, a student', '/services', 'student'],
  ['buy, a student', '/services/achat', 'student'],
  ['sell, a student', '/services/vente', 'student'],
  ['account, a student', '/account', 'student'],
] as const;

/** A web tier that is measured, and who visits it. */
type Measured = { web: RunningWeb; visitors: Record<'visitor' | 'student', Visitor> };

/** The builds of the web tier to measure: this one, and perhaps an earlier one, each by its compiled main.js. */
export type Builds = { main: string; before: string | undefined };

/**
 * Reports the processor time of each page, as a ratio to that of an empty Express page; beside it the same of another build, measured
 * in turn in the same run, and what share of that build's time this one takes, in the rounds' median with the least and the most.
 */
export async function benchPageCpu(
  { market, place, builds }: { market: StockedMarket; place: Place; builds: Builds },
  { isQuick, rounds = isQuick ? QUICK_ROUNDS : ROUNDS, say }: Pick<Bench, 'isQuick' | 'rounds' | 'say'>,
): Promise<void> {
  const daemon = await startDaemon(place);
  const open = async (name: string, main: string): Promise<Measured> => {
    const web = await startWeb({ ...place, name, daemon, market, main });
    const { visitor: student } = await logIn(web.target);
    return { web, visitors: { student, visitor: createVisitor(`http://${web.target}`) } };
  };
  const after = await open('web_after', builds.main);
  const before = builds.before === undefined ? undefined : await open('web_before', builds.before);
  const empty = startHelper<null, string>('../peers/empty_page_server');
  const emptyPage = createVisitor(await empty.ask(null));
  const requests = isQuick ? QUICK_REQUESTS : REQUESTS;
  const emptyUs = () => cpuOf(empty.pid, emptyPage, { path: '/', count: requests * EMPTY_FACTOR });
  const pageUs = ({ web, visitors }: Measured, [, path, who]: (typeof PAGES)[number]) =>
    cpuOf(web.pid, visitors[who], { path, count: requests });
  for (const page of PAGES) {
    const ratios: Record<'after' | 'before' | 'share', number[]> = { after: [], before: [], share: [] };
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const base = await emptyUs();
      const [now, then] = [await pageUs(after, page), before && (await pageUs(before, page))];
      if (round === 0) continue;
      ratios.after.push(now / base);
      if (then === undefined) continue;
      ratios.before.push(then / base);
      ratios.share.push(now / then);
    }
    const compared = before
      ? `; before ${medianOf(ratios.before).toFixed(1)} ×; ${shareOf(ratios.share)}`
      : '';
    say(`${page[0].padEnd(30)} ${medianOf(ratios.after).toFixed(1)} × the CPU of an empty page${compared}`);
  }
  await empty.stop();
}

function shareOf(shares: readonly number[]): string {
  const [median, least, most] = [medianOf(shares), Math.min(...shares), Math.max(...shares)];
  return `now ${median.toFixed(2)} of that (${least.toFixed(2)} – ${most.toFixed(2)})`;
}

/** The processor time of one request, in microseconds. */
async function cpuOf(
  pid: number,
  visitor: Visitor,
  { path, count }: { path: string; count: number },
): Promise<number> {
  const startUs = cpuUsOf(pid);
  let left = count;
  const ask = async () => {
    while (left > 0) {
      left -= 1;
      await visitor.open(path);
    }
  };
  await Promise.all(Array.from({ length: VISITORS }, ask));
  return (cpuUsOf(pid) - startUs) / count;
}
