/** A program that is needed, under any of its names, and who has it. */
export interface Need {
  readonly what: string;
  readonly programs: readonly string[];
  /** Sets of packages of Debian and Ubuntu; the first whose packages all exist is taken. */
  readonly packages: readonly (readonly string[])[];
  /** What Homebrew calls it; unset if it has no program that we find. */
  readonly formula?: string;
  /** The variable that names the program, if there is one. */
  readonly variable?: string;
}
