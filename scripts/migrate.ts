import { connect } from '../web/database';
import { migrate } from '../web/migrations';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';
import { requireMysql } from './servers/mysql';
import { config } from './settings/config';

/** `node migrate.js`: brings the tables up to date, as an account that may change them; the site itself need not. */
async function migrateDatabase(): Promise<number> {
  if (config.mysqlUrl === undefined) throw new Refusal('MYSQL_URL is not set.');
  await requireMysql(config.mysqlUrl);
  const pool = connect(config.mysqlUrl);
  try {
    const applied = await migrate(pool);
    say(applied.length === 0 ? 'The tables are up to date.' : `Applied ${applied.join(', ')}.`);
    return 0;
  } finally {
    await pool.end();
  }
}

void runScript(migrateDatabase);
