import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { migrate } from '../../web/migrations';
import { addDemoAccounts } from '../demo/accounts';
import type { Server } from './servers';

/** Brings the database up to date; a private one without any account gets those of the demonstration. */
export async function prepareDatabase({ url, port }: Server): Promise<void> {
  const pool = connect(url);
  try {
    await migrate(pool);
    if (port !== undefined) await addDemoAccounts(usersTable(pool));
  } finally {
    await pool.end();
  }
}
