import { type Request, type Response, Router } from 'express';
import type { Store } from 'express-session';
import type { Logger } from 'pino';
import { createSessionUser, requireStaff } from '../../accounts/current_user';
import type { Users } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { QuotaClient } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';
import { sendForbidden } from '../errors/errors';
import type { SendPage } from '../view';
import { type Board, PANEL_IDS } from './board';
import { createHourNames } from './hour_names';
import { liveBoard } from './live';
import { makeBoard } from './make_board';
import { createPoller } from './poller';
import { type Reading, readStatistics, type Sources } from './reading';

type Parts = {
  users: Users;
  sessionStore: Store;
  quota: QuotaClient;
  sendPage: SendPage;
  /** The IANA name of the zone whose hours are shown. */
  timeZone: string;
  logger: Logger;
  /** Aborted when the process is to end. */
  stopping?: AbortSignal | undefined;
};

/** GET /statistics: the board, for the staff; GET /statistics/live: the same, as it changes. */
export function statisticsRoutes(parts: Parts): Router {
  const { users, quota, sendPage, timeZone, logger, stopping } = parts;
  const sources = { quota, users };
  const poller = createPoller({ read: () => readStatistics(sources), logger });
  const boardFor = boards(timeZone);
  const router = Router();
  router.use(
    '/statistics',
    requireStaff((req, res) => sendForbidden(sendPage, req, res)),
  );
  router.get('/statistics', async (req, res) => {
    const reading = await readOrNothing(sources);
    sendPage(req, res, {
      view: 'statistics/statistics',
      title: translatorOf(res).t('statistics.title'),
      scripts: ['statistics.js'],
      data: { panelIds: PANEL_IDS, board: reading && boardFor(res, reading) },
    });
  });
  const sessionUser = createSessionUser({ users, store: parts.sessionStore });
  const mayRead = async ({ sessionID }: Request) => (await sessionUser(sessionID))?.role === 'staff';
  router.get('/statistics/live', liveBoard({ poller, boardFor, mayRead, stopping }));
  return router;
}

/** Undefined where the daemon is out of reach: the page then says so, and goes on trying. */
async function readOrNothing(sources: Sources): Promise<Reading | undefined> {
  try {
    return await readStatistics(sources);
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** Makes each reading's board once for each language, however many readers there are. */
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
