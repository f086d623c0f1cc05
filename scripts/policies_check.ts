import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PoliciesInvalid, parsePolicies } from '../daemon/quota/policies';
import { runScript, say } from './console/terminal';
import { config } from './settings/config';

const VALID = 0;
const INVALID = 1;
const UNREADABLE = 2;

/** `npm run policies:check FILE`: every fault of a policies file, as FILE:LINE: message. */
async function checkPolicies(): Promise<number> {
  const [file, ...more] = process.argv.slice(2);
  if (file === undefined || more.length > 0) {
    process.stderr.write('Usage: npm run policies:check -- FILE\n');
    return UNREADABLE;
  }
  const text = await readText(file);
  if (text === undefined) return UNREADABLE;
  try {
    const { byName, services, domains } = parsePolicies(text);
    const counted = [
      count(byName.size, 'policy', 'policies'),
      count(services.length, 'service', 'services'),
      ...(domains ? [count(domains.size, 'domain of Envoy', 'domains of Envoy')] : []),
    ];
    say(`${file}: ${counted.join(', ')}: valid`);
    return VALID;
  } catch (error) {
    if (!(error instanceof PoliciesInvalid)) throw error;
    for (const { line, message } of error.faults) say(`${file}:${line}: ${message}`);
    return INVALID;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(resolve(config.callerFolder, file), 'utf8');
  } catch (error) {
    process.stderr.write(`${file} cannot be read: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

void runScript(checkPolicies);
