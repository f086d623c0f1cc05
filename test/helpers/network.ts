import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { describe } from '@jest/globals';
import type { Machine } from './machine';

/** Machines on one switch, which the test itself reaches, and which reach nothing else. */
export interface OwnNetwork {
  readonly machines: readonly Machine[];
  /** Drops all packets between two groups of machines; the test still reaches each. */
  split(some: readonly Machine[], others: readonly Machine[]): void;
  /** Undoes all splits. */
  heal(): void;
  close(): void;
}

const newId = () => randomInt(0x1000, 0xffff).toString(16);

/** Network namespaces need root, the program `ip`, and a kernel with namespaces, bridges and pairs of interfaces. */
export function canMakeNetworks(): boolean {
  const name = `quota-${newId()}-probe`;
  const works = (...args: readonly string[]) => spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
  try {
    return (
      works('netns', 'add', name) &&
      works('-n', name, 'link', 'add', 'switch', 'type', 'bridge') &&
      works('-n', name, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'other')
    );
  } finally {
    works('netns', 'delete', name);
  }
}

export const describeWithNetworks = canMakeNetworks() ? describe : describe.skip;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** A machine that sends nothing to an address, silently. */
interface Gap {
  readonly machine: Machine;
  readonly away: string;
}

/**
 * Makes a network of namespaces: one is the switch, the others are the machines. The test is at the switch too, with one
 * interface. No packet leaves them.
 */
export function createNetwork(machineCount: number): OwnNetwork {
  const id = newId();
  // RFC 2544 keeps these addresses for tests, so no real network is hidden.
  const subnet = `198.${randomInt(18, 20)}.${randomInt(0, 256)}`;
  const hub = `quota-${id}-hub`;
  const gaps: Gap[] = [];
  const names = Array.from({ length: machineCount }, (_, at) => `quota-${id}-${at}`);

  /** Joins an interface of a namespace, or of the test itself, to the switch. */
  function plug(inner: string, address: string, namespace?: string): void {
    const port = `${inner}p`;
    ip('link', 'add', inner, 'type', 'veth', 'peer', 'name', port, 'netns', hub);
    if (namespace !== undefined) ip('link', 'set', inner, 'netns', namespace);
    const within = namespace === undefined ? [] : ['-n', namespace];
    ip(...within, 'address', 'add', `${address}/24`, 'dev', inner);
    ip(...within, 'link', 'set', inner, 'up');
    ip('-n', hub, 'link', 'set', port, 'master', 'switch', 'up');
  }

  /** One command a machine, so that a split comes about almost at once. */
  function route(verb: 'add' | 'delete', changed: readonly Gap[]): void {
    for (const [at, name] of names.entries()) {
      const own = changed.filter(({ machine }) => machine === machines[at]);
      const lines = own.map(({ away }) => `route ${verb} blackhole ${away}/32\n`);
      if (lines.length > 0) execFileSync('ip', ['-n', name, '-batch', '-'], { input: lines.join('') });
    }
  }

  function close(): void {
    // The interfaces of a namespace go with it, and so do their other ends.
    for (const name of [hub, ...names]) spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  }

  const machines = names.map((name, at): Machine => {
    return { address: `${subnet}.${at + 10}`, command: ['ip', 'netns', 'exec', name] };
  });
  try {
    ip('netns', 'add', hub);
    ip('-n', hub, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', hub, 'link', 'set', 'switch', 'up');
    plug(`q${id}t`, `${subnet}.1`);
    for (const [at, name] of names.entries()) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
      plug(`q${id}m${at}`, `${subnet}.${at + 10}`, name);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    machines,
    split(some, others) {
      const between = some.flatMap((machine) =>
        others.flatMap((other) => [
          { machine, away: other.address },
          { machine: other, away: machine.address },
        ]),
      );
      gaps.push(...between);
      route('add', between);
    },
    heal: () => route('delete', gaps.splice(0)),
    close,
  };
}
