import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { AccessFileInvalid, parseIdentities } from '../daemon/access/identities';
import { newToken, tokenDigest } from '../daemon/access/tokens';
import { runScript, say } from './console/terminal';

const USAGE = 'Usage: npm run token:new -- --name NAME --role caller|site|operator\n';

/** `npm run token:new`: a new token, shown only once, and its entry for the access file. */
async function makeToken(): Promise<number> {
  const { name, role } = readArguments();
  const token = newToken();
  const identity = { name, role, token_sha256: [tokenDigest(token).toString('hex')] };
  const lines = stringify([identity]).trimEnd();
  const faults = faultsOf(stringify({ identities: [identity] }));
  if (faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n${USAGE}`);
    return 1;
  }
  say(
    [
      'The token, for the file that QUOTA_TOKEN_FILE names. It is shown this once:',
      '',
      `  ${token}`,
      '',
      'Under "identities:" in the file that QUOTA_ACCESS names. For a second token of an identity that is there, its',
      'last line only, beside the first:',
      '',
      ...lines.split('\n').map((line) => `  ${line}`),
    ].join('\n'),
  );
  return 0;
}

function readArguments(): { name: string | undefined; role: string | undefined } {
  const options = { name: { type: 'string' }, role: { type: 'string' } } as const;
  try {
    const { name, role } = parseArgs({ options }).values;
    return { name, role };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return { name: undefined, role: undefined };
  }
}

/** The access file's own rules say what a name and a role may be. */
function faultsOf(file: string): string[] {
  try {
    parseIdentities(file);
    return [];
  } catch (error) {
    if (!(error instanceof AccessFileInvalid)) throw error;
    return error.faults.map(({ message }) => message.replace(/^identities\[0\]\./, '--'));
  }
}

void runScript(makeToken);
