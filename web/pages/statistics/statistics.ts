import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { createSessionUser, requireStaff } from '../../accounts/current_user';
import type { SessionStore } from '../../accounts/session_store';
import type { Users } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { QuotaClient } from '../../quota/client';
import { sendForbidden } from '../errors/errors';
import type { SendPage } from '../view';
import { type Board, PANEL_IDS } from './board';
import { panelCsv } from './csv';
import { createHourNames } from './hour_names';
import { liveBoard } from './live';
import { makeBoard } from './make_board';
import { createPoller, type Poller } from './poller';
import { parseRange, type Range } from './range';
import { type Reading, readStatistics, type Sources } from './reading';
import { StatisticsView } from './view';

type Parts = {
  users: Users;
  sessionStore: SessionStore;
  quota: QuotaClient;
  sendPage: SendPage;
  /** The IANA name of the zone whose hours are shown. */
  timeZone: string;
  logger: Logger;
  /** Aborted at shutdown. */
  stopping?: AbortSignal | undefined;
};

/** GET /statistics: the board, for the staff; /statistics/live: the same, as it changes; /statistics/PANEL.csv: for spreadsheets. */
export function statisticsRoutes(parts: Parts): Router {
  const { users, quota, sendPage, timeZone, logger, stopping } = parts;
  const sources = { quota, users };
  const pollerOf = createPollers((range) =>
    createPoller({ read: () => readStatistics(sources, range), logger }),
  );
  const boardFor = boards(timeZone);
  const router = Router();
  router.use(
    '/statistics',
    requireStaff((req, res) => sendForbidden(sendPage, req, res)),
  );
  router.get('/statistics', async (req, res) => {
    const range = parseRange(req.query.range);
    const reading = await readOrNothing(sources, range);
    sendPage(req, res, {
      view: StatisticsView,
      title: translatorOf(res).t('statistics.title'),
      scripts: ['statistics.js'],
      data: { board: reading && boardFor(res, reading), range },
    });
  });
  const sessionUser = createSessionUser({ users, store: parts.sessionStore });
  const mayRead = async ({ sessionID }: Request) => (await sessionUser(sessionID))?.role === 'staff';
  router.get('/statistics/live', liveBoard({ pollerOf, boardFor, mayRead, stopping }));
  for (const id of PANEL_IDS)
    router.get(`/statistics/${id}.csv`, async (req, res) => {
      const range = parseRange(req.query.range);
      const reading = await readStatistics(sources, range);
      const csv = panelCsv(id, { board: boardFor(res, reading), reading }, translatorOf(res));
      res.attachment(`${id}-${range.name}.csv`).type('text/csv; charset=utf-8').send(csv);
    });
  return router;
}

/** One poller for each range requested so far. */
function createPollers(create: (range: Range) => Poller): (req: Request) => Poller {
  const pollers = new Map<Range, Poller>();
  return ({ query }) => {
    const range = parseRange(query.range);
    const poller = pollers.get(range) ?? create(range);
    pollers.set(range, poller);
    return poller;
  };
}

/** Undefined if the daemon is unreachable: the page then says so, and keeps trying. */
async function readOrNothing(sources: Sources, range: Range): Promise<Reading | undefined> {
  try {
    return await readStatistics(sources, range);
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** Makes each reading's board once for each language, for any number of readers. */
function boards(timeZone: string): (res: Response, reading: Reading) => Board {
  const hourNames = { en: createHourNames('en', timeZone), fr: createHourNames('fr', timeZone) };
  const made = new WeakMap<Reading, Map<string, Board>>();
  return (res, reading) => {
    const translator = translatorOf(res);
    const { language } = translator;
    const byLanguage = made.get(reading) ?? new Map<string, Board>();
    const board = byLanguage.get(language) ?? makeBoard(reading, translator, hourNames[language]);
    made.set(reading, byLanguage.set(language, board));
    return board;
  };
}
