import { DEFAULT_ADDRESSES } from '../environment/default_addresses';
import { isAnswering, isServing } from './servers/health';

/** Loopback, as a container asks about itself. */
const PROBES: Readonly<Record<string, () => Promise<boolean>>> = {
  daemon: () => isServing(DEFAULT_ADDRESSES.quota),
  web: () => isAnswering(DEFAULT_ADDRESSES.web),
};

/** `node health_probe.js daemon|web`: the health check of the images; exits with 0 if the program serves. */
async function probe(): Promise<number> {
  const ask = PROBES[process.argv[2] ?? ''];
  if (ask === undefined) {
    process.stderr.write('Usage: node health_probe.js daemon|web\n');
    return 2;
  }
  return (await ask()) ? 0 : 1;
}

probe().then((code) => process.exit(code));
