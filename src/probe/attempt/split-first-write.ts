import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { splitRecords } from '../packets/hello.ts';

const segmentBytes = 24;
// A hello of 1.5 KiB in this many bytes makes fewer than the 64 records that some readers join at most.
const recordBytes = 48;

/** A stream over a socket that sends the first write, which is the ClientHello, in tiny segments or in many records. */
export function splitFirstWrite(socket: Socket, into: 'segments' | 'records'): Duplex {
  let isFirst = true;
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      if (!isFirst) return void socket.write(chunk, done);
      isFirst = false;
      if (into === 'records') return void socket.write(splitRecords(chunk, recordBytes), done);
      return void writeSegments(socket, chunk).then(() => done(), done);
    },
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('error', (error) => stream.destroy(error));
  socket.on('data', (chunk) => stream.push(chunk));
  socket.on('end', () => stream.push(null));
  socket.on('connect', () => stream.emit('connect'));
  return stream;
}

// Each in a turn of its own, without Nagle's algorithm: each is a segment.
async function writeSegments(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += segmentBytes) {
    socket.write(bytes.subarray(at, at + segmentBytes));
    await setImmediate();
  }
}
