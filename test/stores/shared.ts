/** A store that all tests of a run share, each under its own key prefix. */
interface SharedStore {
  readonly url: string;
  close(): Promise<void>;
}

let shared: SharedStore | undefined;

/** Gives the store to the tests of the run, in place of the one server that they use otherwise. */
export function share(store: SharedStore): void {
  shared = store;
  process.env.TEST_REDIS_URL = store.url;
}

/** Ends the store once all tests have run. */
export async function closeShared(): Promise<void> {
  await shared?.close();
  shared = undefined;
}
