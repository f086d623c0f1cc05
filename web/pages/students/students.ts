import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { retryAfter } from '../../../client/http/headers';
import { currentUser, requireStaff } from '../../accounts/current_user';
import type { KnownDevices } from '../../accounts/known_devices';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { User } from '../../accounts/user';
import type { Users } from '../../accounts/users';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { Quota, QuotaClient } from '../../quota/client';
import { sendForbidden } from '../errors/errors';
import { parseId } from '../forms/parse_id';
import type { SendPage } from '../view';
import { readBlocked } from './blocked';
import { liftBlock } from './lift_block';
import { findRaisable, parseRaise } from './raise_form';
import type { FaultyRaise } from './raise_form_view';
import { raiseLimit } from './raise_limit';
import { readQuotas, toStanding } from './standing';
import { StudentView } from './student_view';
import { StudentsView } from './view';

const LIST = '/students';
const ONE = `${LIST}/:id`;

/** The "moment" of the page's text: the channel to the daemon reconnects within a second. */
const LIFT_RETRY_AFTER_MS = 1_000;

type Parts = { users: Users; quota: QuotaClient; devices: KnownDevices; sendPage: SendPage };

/** GET /students, GET /students/:id, and POST /students/:id/reset and …/raise, for the staff. */
export function studentsRoutes({ users, quota, devices, sendPage }: Parts): Router {
  const router = Router();
  router.use(
    LIST,
    requireStaff((req, res) => sendForbidden(sendPage, req, res)),
  );

  router.get(LIST, async (req, res) => {
    const query = parseQuery(req.query.q);
    const translator = translatorOf(res);
    const title = translator.t('students.title');
    if (query !== '') {
      const list = await users.search(query);
      return sendPage(req, res, { view: StudentsView, title, data: { query, ...list } });
    }
    const list = await users.latest();
    const blocked = await readBlocked({ quota, users, devices, listed: list.users, translator });
    sendPage(req, res, { view: StudentsView, title, data: { query, ...list, blocked } });
  });

  router.get(ONE, async (req, res, next) => {
    const student = await findStudent(users, req);
    if (student === undefined) return next();
    const quotas = await readQuotas(quota, { student, devices });
    sendStudent(sendPage, req, res, { student, quotas });
  });

  // The pages below link back here.
  for (const action of ['reset', 'raise'])
    router.get(`${ONE}/${action}`, (req, res) =>
      res.redirect(303, `${LIST}/${parseId(req.params.id) ?? ''}`),
    );

  router.post(`${ONE}/reset`, async (req, res, next) => {
    const [student, staff] = [await findStudent(users, req), currentUser(res)];
    if (student === undefined || staff === undefined) return next();
    const act = { student, staffId: staff.id, policy: req.body?.policy, browser: req.body?.browser };
    const outcome = await liftBlock({ quota, devices, log: req.log, ...act });
    if (outcome === 'unknown-policy') return next();
    if (outcome === 'lifted') {
      return res.redirect(303, `${LIST}/${student.id}?lifted=${encodeURIComponent(act.policy)}`);
    }
    res.set('Retry-After', retryAfter(LIFT_RETRY_AFTER_MS));
    sendStudent(sendPage, req, res, { student, status: 503, alert: 'students.lift-failed' });
  });

  router.post(`${ONE}/raise`, async (req, res, next) => {
    const [student, staff] = [await findStudent(users, req), currentUser(res)];
    if (student === undefined || staff === undefined) return next();
    await raiseFromPage({ quota, devices, sendPage, student, staffId: staff.id, req, res, next });
  });

  return router;
}

type RaisingFromPage = Omit<Parts, 'users'> & {
  student: User;
  staffId: number;
  req: Request;
  res: Response;
  next: () => void;
};

/** The answer to a raise that failed. */
const RAISE_FAILURES = {
  lessens: { status: 409, alert: 'students.raise.lessens' },
  unavailable: { status: 503, alert: 'students.raise.failed' },
} as const;

async function raiseFromPage(raising: RaisingFromPage): Promise<void> {
  const { quota, devices, sendPage, student, staffId, req, res, next } = raising;
  const show = (page: Omit<StudentPage, 'student'>) => sendStudent(sendPage, req, res, { student, ...page });
  const quotas = await readQuotas(quota, { student, devices });
  if (quotas === undefined) {
    res.set('Retry-After', retryAfter(LIFT_RETRY_AFTER_MS));
    return show({ ...RAISE_FAILURES.unavailable });
  }
  // Only what the page offers, even if the form names something else.
  const found = findRaisable(quotas, req.body);
  if (found === undefined) return next();
  const { policy, limit, bound } = found;
  const { typed, faults, raise } = parseRaise(req.body, { current: limit.limit, bound });
  const limitName = limit.name;
  if (raise === undefined) return show({ quotas, status: 400, faulty: { policy, limitName, typed, faults } });
  const act = { student, devices, staffId, policy, limitName, ...raise };
  const outcome = await raiseLimit({ quota, log: req.log, ...act });
  if (outcome === 'raised')
    return res.redirect(303, `${LIST}/${student.id}?raised=${encodeURIComponent(policy)}`);
  if (outcome === 'unavailable') res.set('Retry-After', retryAfter(LIFT_RETRY_AFTER_MS));
  show({ quotas, ...RAISE_FAILURES[outcome] });
}

/** The search text; an email is the longest that can be found. */
function parseQuery(value: unknown): string {
  return z.string().trim().max(ACCOUNT_BOUNDS.maxEmail).catch('').parse(value);
}

async function findStudent(users: Users, req: Request): Promise<User | undefined> {
  const id = parseId(req.params.id);
  const [student] = id === undefined ? [] : await users.findByIds([id]);
  return student;
}

type StudentPage = {
  student: User;
  quotas?: Quota[] | undefined;
  status?: number;
  alert?: MessageKey;
  faulty?: FaultyRaise;
};

function sendStudent(sendPage: SendPage, req: Request, res: Response, page: StudentPage): void {
  const { student, quotas, status = 200, alert, faulty } = page;
  const translator = translatorOf(res);
  const standings = quotas?.map((quota) => toStanding(quota, translator));
  const named = (name: unknown) => standings?.find(({ policy }) => policy === name);
  const [lifted, raised] = [named(req.query.lifted), named(req.query.raised)];
  const title = `${student.firstName} ${student.lastName}`;
  const data = { student, standings, lifted, raised, faulty, alert };
  sendPage(req, res, { view: StudentView, title, status, data });
}
