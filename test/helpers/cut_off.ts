import type { TestDaemonOptions } from './daemon';
import { storeKind } from './environment';
import { startFreezingProxy } from './freezing_proxy';
import { canMakeNetworks, createNetwork } from './network';
import type { Opened } from './opened';
import { type OwnStore, startOwnStore } from './own_store';

/** A store, and a way to it that can be cut. */
export interface CuttableStore {
  readonly store: OwnStore;
  /** What a daemon is started with to be at the other end of that way. */
  readonly seat: Pick<TestDaemonOptions, 'redisUrl' | 'machine'>;
  /** From then on nothing passes, and no connection ends. */
  cut(): void;
  heal(): void;
}

/** On a Cluster and behind Sentinels a daemon finds the servers by themselves, past any proxy: it takes a network to cut it off. */
export const CAN_CUT_OFF = storeKind() === 'server' || canMakeNetworks();

export function openCuttableStore(opened: Opened): Promise<CuttableStore> {
  return storeKind() === 'server' ? openByProxy(opened) : openByNetwork(opened);
}

async function openByProxy(opened: Opened): Promise<CuttableStore> {
  const store = await opened.store();
  const { hostname: host, port } = new URL(store.url);
  const proxy = opened.closed(await startFreezingProxy({ host, port: Number(port) }), ({ close }) => close());
  const seat = { redisUrl: `redis://127.0.0.1:${proxy.port}/0` };
  return { store, seat, cut: proxy.freeze, heal: proxy.thaw };
}

async function openByNetwork(opened: Opened): Promise<CuttableStore> {
  const network = opened.closed(createNetwork(2), (each) => each.close());
  const [near, far] = network.machines;
  if (near === undefined || far === undefined) throw new Error('a network of two machines has two');
  const store = opened.closed(await startOwnStore({ machine: far }), (each) => each.close());
  const seat = { redisUrl: store.url, machine: near };
  return { store, seat, cut: () => network.split([near], [far]), heal: network.heal };
}
