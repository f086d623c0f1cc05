/** What the work comes to, or `late` if that takes longer than the limit. A failure after the limit goes unheard. */
export async function within<T, L>(
  work: Promise<T>,
  { limitMs, late }: { limitMs: number; late: L },
): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    // Or it would keep a program that has nothing else to do from ending.
    clearTimeout(timer);
  }
}
