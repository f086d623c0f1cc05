import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Refusal } from '../console/refusal';

/** The usual ports of the machine's own servers, running or not; never used by the private ones. */
const STANDARD_PORTS: ReadonlySet<number> = new Set([3306, 6379]);

/** How many ports above the first are tried before giving up. */
const ATTEMPTS = 500;

const HIGHEST_PORT = 65_535;

/** The ports of earlier runs, by the server's name. */
export type PortMemory = Readonly<Record<string, number>>;

/** Reads the ports of earlier runs; what cannot be a port of ours is forgotten. */
export function parsePortMemory(text: string): PortMemory {
  try {
    const ports: unknown = JSON.parse(text);
    if (typeof ports !== 'object' || ports === null) return {};
    return Object.fromEntries(Object.entries(ports).filter(([, port]) => isUsable(port)));
  } catch {
    return {};
  }
}

/** The ports to try, the best first: the one of the earlier run, then upwards from the first. */
export function portCandidates({
  remembered,
  first,
}: {
  remembered: number | undefined;
  first: number;
}): number[] {
  const upwards = Array.from({ length: ATTEMPTS }, (_, index) => first + index);
  return [...new Set(remembered === undefined ? upwards : [remembered, ...upwards])].filter(isUsable);
}

/** The ports that an earlier run in the folder has chosen. */
export function rememberedPorts(folder: string): PortMemory {
  try {
    return parsePortMemory(readFileSync(join(folder, 'ports.json'), 'utf8'));
  } catch {
    return {};
  }
}

/** A free loopback port for the named server, the same as last time if possible. Remembers it. */
export async function choosePort(choice: { folder: string; name: string; first: number }): Promise<number> {
  const { [choice.name]: remembered, ...others } = rememberedPorts(choice.folder);
  const promised = new Set(Object.values(others));
  for (const port of portCandidates({ remembered, first: choice.first })) {
    // Free, perhaps, but only because the server it was chosen for does not listen yet.
    if (promised.has(port)) continue;
    if (!(await isFree({ host: '127.0.0.1', port }))) continue;
    // Read again: another server may have chosen its own meanwhile.
    const updated = { ...rememberedPorts(choice.folder), [choice.name]: port };
    writeFileSync(join(choice.folder, 'ports.json'), `${JSON.stringify(updated, null, 2)}\n`);
    return port;
  }
  throw new Refusal(`No free port was found for ${choice.name} from ${choice.first} upwards.`);
}

/** Whether a server could listen there now. */
export function isFree({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function isUsable(port: unknown): port is number {
  if (typeof port !== 'number' || !Number.isInteger(port)) return false;
  return port > 1023 && port <= HIGHEST_PORT && !STANDARD_PORTS.has(port);
}
