/** The address cannot be had: taken, not this machine's, or not allowed. */
export class ListenFailed extends Error {
  override readonly name = 'ListenFailed';
  constructor({ variable, listen, cause }: { variable: string; listen: string; cause: Error }) {
    super(`${variable} ${listen} cannot be had: ${cause.message}`, { cause });
  }
}

/** HOST:PORT or [ADDRESS]:PORT, as `config.ts` has checked it, in two. */
export function splitListen(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) };
}
