/** The circuit is open: the store was not asked. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
  constructor() {
    super('the store takes no writes, as its probe found last');
  }
}
