import type { Machine } from '../../helpers/machine';
import { createNetwork } from '../../helpers/network';
import type { Opened } from '../../helpers/opened';
import { until } from '../../helpers/wait';
import { type Answered, type RecordedLoad, startRecordedLoad } from './recorded_load';
import type { StartStore, Store } from './stores';

/** Two daemons of one store under load, one of which is to be cut off with a master. */
export interface Split {
  readonly store: Store;
  readonly load: RecordedLoad;
  cut(): void;
  heal(): void;
  /** When the cut began, by performance.now(). */
  cutMs(): number;
  /** What the cut-off daemon answered for the cut-off master, of what was asked since a moment of performance.now(). */
  nearSince(ms: number): readonly Answered[];
  /** Whether the master rejects writes by itself. */
  rejectsWrites(): Promise<boolean>;
  /** Waits until the former master has heard that it is a replica now. */
  demoted(): Promise<void>;
}

export interface SplitOptions {
  readonly opened: Opened;
  readonly start: StartStore;
  readonly config: Readonly<Record<string, string>>;
}

export async function startSplit({ opened, start, config }: SplitOptions): Promise<Split> {
  const network = opened.closed(createNetwork(start.machineCount + 2), (each) => each.close());
  const [nearMachine, farMachine, ...machines] = network.machines as [Machine, Machine, ...Machine[]];
  const store = await start({ opened, machines, config });
  const { load, near } = await startRecordedLoad({ opened, store, machines: [nearMachine, farMachine] });

  const minority = [store.masterMachine, nearMachine];
  const majority = network.machines.filter((each) => !minority.includes(each));
  let cutMs = 0;

  return {
    store,
    load,
    cut() {
      cutMs = performance.now();
      network.split(minority, majority);
    },
    heal: network.heal,
    cutMs: () => cutMs,
    nearSince: (ms) =>
      load.answers.filter(({ by, sentMs, subject }) => by === near && sentMs >= ms && store.isOwned(subject)),
    rejectsWrites: () =>
      store.askMaster((redis) =>
        redis.setex(store.ownKey, 60, '1').then(
          () => false,
          ({ message }: Error) => /^(NOREPLICAS|CLUSTERDOWN)/.test(message),
        ),
      ),
    demoted: () =>
      until('the former master follows', async () =>
        (await store.askMaster((redis) => redis.info('replication'))).includes('role:slave'),
      ),
  };
}
