import { connect } from 'node:net';
import { RANDOM } from '../redis/template';
import type { PipelinedOrder, PipelinedResult } from './orders';

/** Ends each block of calls, so that its last reply is known without reading the others. */
const MARK = 'end-of-block';
const MARK_COMMAND = encodeCommand([Buffer.from('ECHO'), Buffer.from(MARK)]);
const MARK_REPLY = Buffer.from(`$${MARK.length}\r\n${MARK}\r\n`);

/** A reply that is an error begins with this, and other replies of ours hold no such text. */
const ERROR = /(^|\r\n)-[A-Z]+ [^\r\n]*/;

/**
 * Does what `redis-benchmark -P` does: on each connection a block of calls is written at once, and the next one when all of
 * it is answered; each call has random numbers in its places. Unlike it, it finds the places in commands of any bytes.
 */
export async function runPipelined(order: PipelinedOrder): Promise<PipelinedResult> {
  const cpuBefore = process.cpuUsage();
  const blocks = Math.ceil(order.count / order.pipeline);
  let begun = 0;
  const takeBlock = () => {
    begun += 1;
    return begun <= blocks;
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: order.connections }, () => runConnection(order, takeBlock)));
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (blocks * order.pipeline) / (elapsedMs / 1000), cpuUs: user + system };
}

function runConnection(order: PipelinedOrder, takeBlock: () => boolean): Promise<void> {
  const block = blockOf(order);
  const places = placesIn(block);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: order.port, noDelay: true });

    function sendBlock(): void {
      if (!takeBlock()) {
        socket.destroy();
        resolve();
        return;
      }
      for (const at of places) block.write(randomDigits(order.numbers), at, 'latin1');
      // The socket may keep what it is given until it is written.
      socket.write(Buffer.from(block));
    }

    let tail: Buffer = Buffer.alloc(0);
    socket.on('connect', sendBlock);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      const [error] = ERROR.exec(chunk.toString('latin1')) ?? [];
      if (error !== undefined) {
        socket.destroy();
        reject(new Error(`Redis says ${error.trim()}`));
        return;
      }
      // The mark may come in two pieces.
      tail = Buffer.concat([tail, chunk]).subarray(-MARK_REPLY.length);
      if (tail.equals(MARK_REPLY)) sendBlock();
    });
  });
}

function blockOf({ command, pipeline }: PipelinedOrder): Buffer {
  const call = encodeCommand(command.map((part) => Buffer.from(part)));
  return Buffer.concat([...Array.from({ length: pipeline }, () => call), MARK_COMMAND]);
}

function placesIn(block: Buffer): number[] {
  const places: number[] = [];
  for (let at = block.indexOf(RANDOM); at >= 0; at = block.indexOf(RANDOM, at + RANDOM.length))
    places.push(at);
  return places;
}

function randomDigits(numbers: number): string {
  return String(Math.floor(Math.random() * numbers)).padStart(RANDOM.length, '0');
}

function encodeCommand(parts: readonly Buffer[]): Buffer {
  const encoded = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]);
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...encoded]);
}
