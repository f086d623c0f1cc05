/** How often to look at partitions that nobody asks for anything. */
const ROUND_MS = 2_000;

/** The most partitions looked at in a round; if there are more, they take turns. */
const PARTITIONS_PER_ROUND = 32;

/** Looks at the partitions regularly. Returns a function that stops it. */
export function makeRounds(partitions: number, look: (partition: number) => void): () => void {
  let next = 0;
  const timer = setInterval(() => {
    for (let count = Math.min(partitions, PARTITIONS_PER_ROUND); count > 0; count -= 1) {
      const partition = next;
      next = (next + 1) % partitions;
      look(partition);
    }
  }, ROUND_MS).unref();
  return () => clearInterval(timer);
}
