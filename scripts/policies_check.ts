import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatDuration } from '../daemon/quota/duration';
import { PoliciesInvalid, type Policy, parsePolicies } from '../daemon/quota/policies';
import { longestCallUs, MAX_MEMBERS, mostMembers, retainMs } from '../daemon/quota/policy_bounds';
import { runScript, say } from './console/terminal';
import { config } from './settings/config';

const VALID = 0;
const INVALID = 1;
const UNREADABLE = 2;

/** `npm run policies:check FILE`: every fault of a policies file, as FILE:LINE: message, or what each policy may cost Redis. */
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
    for (const policy of byName.values()) say(`  ${policy.name}: ${boundsOf(policy)}`);
    return VALID;
  } catch (error) {
    if (!(error instanceof PoliciesInvalid)) throw error;
    for (const { line, message } of error.faults) say(`${file}:${line}: ${message}`);
    return INVALID;
  }
}

/** What a policy may come to in Redis, for one subject and for one call. */
function boundsOf(policy: Policy): string {
  const members = mostMembers(policy);
  const most = Math.min(members, MAX_MEMBERS);
  const rest = Number.isFinite(members) ? '' : ' (no limit counts them; the oldest go first)';
  const kept = `${count(most, 'request id', 'request ids')} of a subject, kept for ${formatDuration(retainMs(policy))}${rest}`;
  const ids = most === 0 ? 'no request ids are kept' : `at most ${kept}`;
  return `${ids}; one call takes Redis at most ${longestCallUs(policy)} µs (calculated)`;
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
