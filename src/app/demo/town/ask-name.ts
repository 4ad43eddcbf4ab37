import { createSocket } from 'node:dgram';
import { encode, type RecordType } from 'dns-packet';

const waitMs = 2_000;

/** Asks the DNS filter one question over UDP from an address of loopback, and waits for whatever it answers. */
export function askName(
  at: { readonly port: number; readonly from: string },
  question: { readonly name: string; readonly type: RecordType },
): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      socket.close(() => resolve());
    };
    const timer = setTimeout(done, waitMs);
    socket.on('error', done);
    socket.once('message', done);
    socket.bind(0, at.from, () => {
      const id = Math.floor(Math.random() * 65_536);
      socket.send(encode({ type: 'query', id, flags: 0x0100, questions: [question] }), at.port, '127.0.0.1');
    });
  });
}
