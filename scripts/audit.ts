import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from './audit/audit';
import type { DatabaseName, FailoverLine } from './audit/lines';
import { readRecord } from './audit/read_record';
import { reportLines, violationCount } from './audit/report';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';
import { config } from './settings/config';

const USAGE =
  'Usage: npm run audit -- FOLDER [--tolerance-ms 50] [--statistics-lag-ms 10000] [--failover 2026-11-26T07:00:00Z/3000[/admissions|/calls] …] [--noticed-within-ms 15000]';

const US_PER_MS = 1000;

/** `npm run audit FOLDER`: have the daemons kept their promises? Exits with 1 if one was broken. */
async function auditRecord(): Promise<number> {
  const { folder, ...settings } = readArguments();
  const result = audit(read(folder), settings);
  for (const line of reportLines(result)) say(line);
  return violationCount(result) === 0 ? 0 : 1;
}

function readArguments() {
  try {
    const options = {
      'tolerance-ms': { type: 'string', default: '50' },
      'statistics-lag-ms': { type: 'string', default: '10000' },
      failover: { type: 'string', multiple: true, default: [] as string[] },
      'noticed-within-ms': { type: 'string' },
    } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [folder, ...more] = positionals;
    if (folder === undefined || more.length > 0) throw new Error('exactly one FOLDER is needed');
    const microseconds = (name: 'tolerance-ms' | 'statistics-lag-ms' | 'noticed-within-ms') => {
      const value = values[name] ?? '';
      if (!/^\d{1,9}$/.test(value)) throw new Error(`--${name} must be a whole number; it is ${value}`);
      return Number(value) * US_PER_MS;
    };
    return {
      folder,
      toleranceUs: microseconds('tolerance-ms'),
      lagUs: microseconds('statistics-lag-ms'),
      failovers: values.failover.map(parseFailover),
      noticedWithinUs:
        values['noticed-within-ms'] === undefined ? undefined : microseconds('noticed-within-ms'),
    };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

/**
 * TIME/MS: when the replicas of a master received its writes for the last time, and for how long it then went on. A master
 * that held one database alone is TIME/MS/DATABASE.
 */
function parseFailover(text: string): FailoverLine {
  const [, time = '', ms, database] = /^(.+?)\/(\d{1,9})(?:\/(admissions|calls))?$/.exec(text) ?? [];
  const fromMs = Date.parse(time);
  if (ms === undefined || Number.isNaN(fromMs))
    throw new Error(`--failover must be TIME/MILLISECONDS or TIME/MILLISECONDS/DATABASE; it is ${text}`);
  const failover = { fact: 'failover', fromUs: fromMs * US_PER_MS, boundUs: Number(ms) * US_PER_MS } as const;
  return {
    ...failover,
    replicas: 1,
    ...(database === undefined ? {} : { databases: [database as DatabaseName] }),
  };
}

function read(folder: string) {
  const record = readFolder(folder);
  if (record.files.length === 0)
    throw new Refusal(`${folder} holds no record: set QUOTA_RECORD_FOLDER for the daemons.`);
  return record;
}

function readFolder(folder: string) {
  try {
    return readRecord(resolve(config.callerFolder, folder));
  } catch (error) {
    throw new Refusal(`${folder} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

void runScript(auditRecord);
