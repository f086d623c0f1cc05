import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { currentUser, requireStaff } from '../../accounts/current_user';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { User, Users } from '../../accounts/users';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { Quota, QuotaClient } from '../../quota/client';
import { retryAfter } from '../../quota/rate_limit_headers';
import { sendForbidden } from '../errors/errors';
import { parseId } from '../forms/parse_id';
import type { SendPage } from '../view';
import { liftBlock } from './lift_block';
import { readQuotas, toStanding } from './standing';

const LIST = '/students';
const ONE = `${LIST}/:id`;

/** The moment of which the page speaks: the channel to the daemon tries again within a second. */
const LIFT_RETRY_AFTER_MS = 1_000;

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** GET /students, GET /students/:id and POST /students/:id/reset, for the staff. */
export function studentsRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();
  router.use(
    LIST,
    requireStaff((req, res) => sendForbidden(sendPage, req, res)),
  );

  router.get(LIST, async (req, res) => {
    const query = parseQuery(req.query.q);
    const list = await (query === '' ? users.latest() : users.search(query));
    const title = translatorOf(res).t('students.title');
    sendPage(req, res, {
      view: 'students/students',
      title,
      data: { query, ...list, bounds: ACCOUNT_BOUNDS },
    });
  });

  router.get(ONE, async (req, res, next) => {
    const student = await findStudent(users, req);
    if (student === undefined) return next();
    const quotas = await readQuotas(quota, student.id);
    sendStudent(sendPage, req, res, { student, quotas });
  });

  // Where a reader of the page below comes back to by a link.
  router.get(`${ONE}/reset`, (req, res) => res.redirect(303, `${LIST}/${parseId(req.params.id) ?? ''}`));

  router.post(`${ONE}/reset`, async (req, res, next) => {
    const [student, staff] = [await findStudent(users, req), currentUser(res)];
    if (student === undefined || staff === undefined) return next();
    const act = { userId: student.id, staffId: staff.id, policy: req.body?.policy };
    const outcome = await liftBlock({ quota, log: req.log, ...act });
    if (outcome === 'unknown-policy') return next();
    if (outcome === 'lifted') {
      return res.redirect(303, `${LIST}/${student.id}?lifted=${encodeURIComponent(act.policy)}`);
    }
    res.set('Retry-After', retryAfter(LIFT_RETRY_AFTER_MS));
    sendStudent(sendPage, req, res, { student, status: 503, alert: 'students.lift-failed' });
  });

  return router;
}

/** What is sought; the longest that can be found is an email. */
function parseQuery(value: unknown): string {
  return z.string().trim().max(ACCOUNT_BOUNDS.maxEmail).catch('').parse(value);
}

async function findStudent(users: Users, req: Request): Promise<User | undefined> {
  const id = parseId(req.params.id);
  const [student] = id === undefined ? [] : await users.findByIds([id]);
  return student;
}

type StudentPage = { student: User; quotas?: Quota[] | undefined; status?: number; alert?: MessageKey };

function sendStudent(sendPage: SendPage, req: Request, res: Response, page: StudentPage): void {
  const { student, quotas, status = 200, alert } = page;
  const translator = translatorOf(res);
  const standings = quotas?.map((quota) => toStanding(quota, translator));
  const lifted = standings?.find(({ policy }) => policy === req.query.lifted);
  const title = `${student.firstName} ${student.lastName}`;
  sendPage(req, res, {
    view: 'students/student',
    title,
    status,
    data: { student, standings, lifted, alert },
  });
}
