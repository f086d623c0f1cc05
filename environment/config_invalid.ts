/** The settings, or the files that they name, cannot be used. The message lists every fault. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly code = 'CONFIG';

  /** A fault names its variable or its file, and shows no value: it may be a secret. */
  constructor(readonly faults: readonly string[]) {
    super(['the configuration cannot be used:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  }
}
