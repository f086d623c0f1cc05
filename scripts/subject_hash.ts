import { createSubjectHash } from '../daemon/telemetry/subject_hash';
import { readEnvironment } from '../environment/files/settings';
import { runScript, say } from './console/terminal';

const USAGE = 'Usage: npm run subject:hash -- SUBJECT [SUBJECT …]\n';

/** `npm run subject:hash`: how subjects appear in the daemon's log, for those who have its secret. */
async function hashSubjects(): Promise<number> {
  const subjects = process.argv.slice(2);
  const { values, faults } = readEnvironment(process.env, ['QUOTA_LOG_SECRET']);
  const secret = values.QUOTA_LOG_SECRET;
  for (const { variable, problem } of faults) process.stderr.write(`${variable} ${problem}\n`);
  if (faults.length > 0) return 1;
  if (secret === undefined) {
    process.stderr.write('QUOTA_LOG_SECRET is not set here: it must be the one that the daemon has\n');
    return 1;
  }
  if (subjects.length === 0) {
    process.stderr.write(USAGE);
    return 1;
  }
  const hashOf = createSubjectHash(secret);
  for (const subject of subjects) say(`${hashOf(subject)}  ${subject}`);
  return 0;
}

void runScript(hashSubjects);
