import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

// mysql2 puts the statement, with the values of a session or an account in it, on its errors.
const SECRETS = [
  'err.sql',
  'err.parameters',
  'err.cause.sql',
  'err.cause.parameters',
  'password',
  'req.headers.cookie',
  'req.headers.authorization',
  'res.headers["set-cookie"]',
];

/** JSON lines on standard output, or readable ones at a terminal. */
export function createLogger(level: string): Logger {
  const options = { name: 'web', level, redact: { paths: SECRETS, remove: true } };
  return process.stdout.isTTY ? pino(options, pretty({ singleLine: true, sync: true })) : pino(options);
}
