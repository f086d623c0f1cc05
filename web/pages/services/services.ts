import { type Request, type RequestHandler, type Response, Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import type { User } from '../../accounts/users';
import type { Admission, QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { QuotaUnavailable } from '../../quota/unavailable';
import { sendRefused } from '../errors/refused';
import { clockIn, describeLimit, formatDelay } from '../format';
import type { SendPage } from '../view';

const SERVICE_CALL_POLICY = 'service-call';

type Service = { name: string; label: string; purpose: string };

/** The names are the daemon's (its policies file); the labels are the company's. */
const SERVICES: readonly Service[] = [
  { name: 'vente', label: 'Vente', purpose: 'Offer an article of yours to other students.' },
  { name: 'achat', label: 'Achat', purpose: 'Find an article that another student sells.' },
];

type Parts = { quota: QuotaClient; sendPage: SendPage };

/** GET /services, and POST /services/{vente,achat}. */
export function servicesRoutes({ quota, sendPage }: Parts): Router {
  const router = Router();

  router.get('/services', requireUser, (req, res) => sendServices(sendPage, req, res));

  router.post('/services/:service', requireUser, async (req, res, next) => {
    const service = SERVICES.find(({ name }) => name === req.params.service);
    const user = currentUser(res);
    if (service === undefined || user === undefined) return next();

    const admission = await quota.admit({ policy: SERVICE_CALL_POLICY, subject: String(user.id) });
    setRateLimitHeaders(res, admission);
    if (!admission.admitted) {
      return sendRefused(sendPage, req, res, {
        admission,
        title: 'Too many calls',
        explanation: `${service.label} was not called: you have called the services too often${describeLimit(admission.limits)}.`,
        back: { href: '/services', text: 'Back to the services' },
      });
    }
    await record({ quota, req, user, service });
    sendServices(sendPage, req, res, { service, admission });
  });

  return router;
}

const requireUser: RequestHandler = (_req, res, next) => {
  if (currentUser(res) === undefined) res.redirect(303, '/login');
  else next();
};

type Call = { service: Service; admission: Admission };

function sendServices(sendPage: SendPage, req: Request, res: Response, call?: Call): void {
  sendPage(req, res, {
    view: 'services/services',
    title: 'Services',
    data: { services: SERVICES, call: call && describeCall(call) },
  });
}

function describeCall({ service, admission }: Call): object {
  // The daemon lists the tightest limit first: the one that the user will meet.
  const [tightest] = admission.limits;
  if (tightest === undefined) return { label: service.label };
  const { remaining, limit, resetDelayMs } = tightest;
  const reset = { delay: formatDelay(resetDelayMs), at: clockIn(resetDelayMs) };
  return { label: service.label, remaining, limit, reset };
}

type Recording = { quota: QuotaClient; req: Request; user: User; service: Service };

/** Records a call that was made. The work is done by then, so a failure is for the log, not for the user. */
async function record({ quota, req, user, service }: Recording): Promise<void> {
  try {
    await quota.recordCall({ subject: String(user.id), service: service.name });
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    const { requestId } = error;
    req.log.error(
      { err: error, requestId, userId: user.id, service: service.name },
      'a call was not recorded',
    );
  }
}
