/** The same seed sends the same bytes. A run prints both, and FUZZ_SEED and FUZZ_ROUNDS repeat or lengthen it. */
export const FUZZ = {
  seed: wholeNumber(process.env.FUZZ_SEED, 1),
  rounds: wholeNumber(process.env.FUZZ_ROUNDS, 2),
};

function wholeNumber(text: string | undefined, unlessGiven: number): number {
  if (text === undefined) return unlessGiven;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`FUZZ_SEED and FUZZ_ROUNDS are whole numbers, not ${text}`);
  return Number(text);
}
