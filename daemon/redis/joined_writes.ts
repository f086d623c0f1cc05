import type { Redis } from 'ioredis';

/**
 * Sends all commands of one turn of the event loop in one write: on a Cluster a turn has commands for several partitions of
 * a server, and each write is a call of the operating system.
 */
export function joinWrites(server: Redis): void {
  const send = server.sendCommand.bind(server);
  let corked: Redis['stream'] | undefined;

  /** Holds back what is written until the current work of the event loop is done. */
  function cork(stream: Redis['stream']): void {
    corked = stream;
    stream.cork();
    process.nextTick(() => {
      if (corked === stream) corked = undefined;
      stream.uncork();
    });
  }

  server.sendCommand = (command, stream) => {
    // There is none before the first connection.
    const open: Redis['stream'] | undefined = server.stream;
    if (open !== undefined && open !== corked) cork(open);
    return send(command, stream);
  };
}
