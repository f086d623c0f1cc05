import { z } from 'zod';
import { email, MAX_PASSWORD } from '../../accounts/new_user';
import { fault } from '../../forms/faults';

/** An existing password: the rules for a new one need not hold for it. */
export const knownPassword = z
  .string(fault('account.fault.password'))
  .min(1, fault('account.fault.password'))
  .max(MAX_PASSWORD, fault('account.fault.password-long'));

/** The form of the login. */
export const loginForm = z.object({ email, password: knownPassword });
