import type { Socket } from 'node:net';
import { closedByServer, type Link, type LinkEvents } from './link.ts';

/** Makes a link of messages with two bytes of length before each (RFC 1035 section 4.2.2, RFC 7858), over TCP or TLS. Tags are ids. */
export function createFramedLink(socket: Socket, events: LinkEvents): Link {
  let isOver = false;
  const breakOff = (why: string): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    events.onBroken(why);
  };
  socket.on('error', (error: NodeJS.ErrnoException) =>
    breakOff(`the server could not be asked (${error.code ?? error.message})`),
  );
  socket.on('close', () => breakOff(closedByServer));
  socket.on('end', () => breakOff(closedByServer));
  socket.setNoDelay(true);
  const split = createSplitter((message) => {
    if (message.length >= 2) events.onMessage(message.readUInt16BE(0), message);
  });
  socket.on('data', (bytes: Buffer) => {
    if (!isOver) split(bytes);
  });
  return {
    send: (_tag, packet) => {
      if (!isOver) socket.write(withLength(packet));
    },
    forget: () => undefined,
    destroy: () => {
      isOver = true;
      socket.destroy();
    },
  };
}

/** Cuts a stream into messages. Holds at most one message, which its length bounds to 64 KiB, and what came with it. */
function createSplitter(onMessage: (message: Buffer) => void): (bytes: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    let at = 0;
    while (held.length >= at + 2 && held.length >= at + 2 + held.readUInt16BE(at)) {
      const end = at + 2 + held.readUInt16BE(at);
      onMessage(held.subarray(at + 2, end));
      at = end;
    }
    held = held.subarray(at);
  };
}

function withLength(packet: Uint8Array): Buffer {
  const framed = Buffer.alloc(packet.length + 2);
  framed.writeUInt16BE(packet.length, 0);
  framed.set(packet, 2);
  return framed;
}
