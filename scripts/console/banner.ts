import { DEFAULT_ADDRESSES } from '../../environment/default_addresses';
import { DEMO } from '../demo/data';
import { DATABASE_NAME, DATABASE_USER } from '../servers/mysql_options';
import { bold, dim, green } from './terminal';

export interface BannerFacts {
  readonly web: string;
  readonly daemon: string;
  /** Whether the daemon accepts callers without credentials, in plaintext. */
  readonly isDaemonOpen: boolean;
  /** The address of the daemon's metrics and state. */
  readonly metrics: string;
  /** The ports of the private servers; undefined if the environment names others. */
  readonly redisPort: number | undefined;
  readonly mysqlPort: number | undefined;
  /** The file that keeps the password of the private database. */
  readonly passwordFile: string;
  readonly logs: string;
}

/** What to show after everything has started. */
export function banner(facts: BannerFacts): string {
  const { web, daemon, metrics, redisPort, mysqlPort, passwordFile, logs } = facts;
  return [
    '',
    `  ${green('●')} ${bold('EtuServices is running')}`,
    '',
    row('web site', bold(`http://${web}/`)),
    row('quota daemon', `${bold(daemon)} ${dim(`(gRPC; ${grpcurlHint(facts)})`)}`),
    row('metrics', `http://${metrics}/metrics ${dim('(and /livez, /readyz)')}`),
    ...(mysqlPort === undefined ? [] : logins()),
    ...(redisPort === undefined || mysqlPort === undefined ? [] : ['', row('demo', demoHint(web))]),
    '',
    row('redis', redisPort === undefined ? 'as REDIS_URL says' : `redis-cli -p ${redisPort} -n 0`),
    ...(redisPort === undefined
      ? []
      : [row('', dim('admissions in database 0, calls of the services in -n 1'))]),
    row('mysql', mysqlPort === undefined ? 'as MYSQL_URL says' : mysqlCommand(mysqlPort, passwordFile)),
    row('logs', logs),
    '',
    `  ${dim('Ctrl-C stops everything.')}`,
    '',
  ].join('\n');
}

function grpcurlHint({ isDaemonOpen }: BannerFacts): string {
  return isDaemonOpen ? 'grpcurl -plaintext needs no file' : 'docs/operations.md says what grpcurl must show';
}

function logins(): string[] {
  const width = Math.max(...DEMO.accounts.map(({ email }) => email.length));
  const lines = DEMO.accounts.map(({ email, role }) => `${email.padEnd(width)}  ${dim(role)}`);
  return [
    '',
    ...lines.map((line, index) => row(index === 0 ? 'log in as' : '', line)),
    row('password', bold(DEMO.password)),
  ];
}

/** It finds by itself all that `npm start` runs, but for a site at another address than the usual. */
function demoHint(web: string): string {
  const command = web === DEFAULT_ADDRESSES.web ? 'npm run demo' : `WEB_LISTEN=${web} npm run demo`;
  return `${bold(command)} ${dim('fills the statistics with three days')}`;
}

/** The password stays in its file: a command line is seen by every user of the machine. */
function mysqlCommand(port: number, passwordFile: string): string {
  return `MYSQL_PWD=$(cat ${passwordFile}) mysql -h 127.0.0.1 -P ${port} -u ${DATABASE_USER} ${DATABASE_NAME}`;
}

function row(label: string, value: string): string {
  return `  ${dim(label.padEnd(LABEL_WIDTH))}${value}`;
}

const LABEL_WIDTH = 14;
