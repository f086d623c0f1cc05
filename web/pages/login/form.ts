import { z } from 'zod';
import { email, fault, MAX_PASSWORD } from '../../accounts/new_user';

/** A password that somebody has: what is asked of a new one need not hold for it. */
export const knownPassword = z
  .string(fault('account.fault.password'))
  .min(1, fault('account.fault.password'))
  .max(MAX_PASSWORD, fault('account.fault.password-long'));

/** The form of the login. */
export const loginForm = z.object({ email, password: knownPassword });
