import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import { StoreUnavailable } from '../quota/errors';

/** A database: one server, or a Cluster, whose commands go to the master that owns their keys. */
export type Database = Redis | Cluster;

export function isCluster(database: Database): database is Cluster {
  return database.isCluster;
}

/** Every server that takes writes. */
export function mastersOf(database: Database): readonly Redis[] {
  return isCluster(database) ? database.nodes('master') : [database];
}

/** The server that owns a key, for commands that name no key. Throws `StoreUnavailable` if it is not known. */
export function masterOf(database: Database, key: string): Redis {
  if (!isCluster(database)) return database;
  const [address] = database.slots[calculateSlot(key)] ?? [];
  const master = database.nodes().find(({ options: { host, port } }) => `${host}:${port}` === address);
  if (master === undefined)
    throw new StoreUnavailable({ cause: new Error('no master is known for the key') });
  return master;
}

/** Whether each server that takes writes is connected. */
export function isConnected(database: Database): boolean {
  return database.status === 'ready' && mastersOf(database).every(({ status }) => status === 'ready');
}

/** Calls back for each connection to a server, when it opens and whenever it closes. */
export function watchConnections(
  database: Database,
  { ready, close }: { ready?: (server: Redis) => void; close?: (server: Redis) => void },
): void {
  const watch = (server: Redis) => {
    if (ready) server.on('ready', () => ready(server));
    if (close) server.on('close', () => close(server));
  };
  const servers = isCluster(database) ? database.nodes() : [database];
  for (const server of servers) watch(server);
  if (isCluster(database)) database.on('+node', watch);
}
