import type { Socket } from 'node:dgram';
import { ok } from '../../base/index.ts';
import type { DatagramSocket } from '../../transport/index.ts';

/**
 * A socket that another process bound and handed over, such as one of another network namespace. It looks up addresses as if they were
 * names, in a later turn, so what is sent is copied.
 */
export function giveDatagramSocket(socket: Socket): DatagramSocket {
  return {
    bind: async ({ host, port }, onDatagram, onError) => {
      socket.on('error', onError);
      socket.on('message', (bytes, peer) => onDatagram(bytes, peer.address, peer.port));
      return ok({ host, port });
    },
    send: (batch, count) => {
      for (const { bytes, length, address, port } of batch.slice(0, count)) {
        try {
          socket.send(Buffer.from(bytes.subarray(0, length)), port, address, () => undefined);
        } catch {
          // It was closed in between: what is lost is lost, as with UDP.
          return 'dropped';
        }
      }
      return 'sent';
    },
    close: () =>
      new Promise((resolve) => {
        try {
          socket.close(() => resolve());
        } catch {
          // Closed already, which is all that was wanted.
          resolve();
        }
      }),
  };
}
