import type { Socket } from 'node:net';

/** Tells each whole line that comes from a socket; one past the bound ends the connection. */
export function onLines(socket: Socket, maxBytes: number, take: (line: string) => void): void {
  let parts: Buffer[] = [];
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      take(Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8'));
      rest = rest.subarray(end + 1);
      parts = [];
      size = 0;
    }
    size += rest.length;
    if (size > maxBytes) socket.destroy();
    else if (rest.length > 0) parts.push(rest);
  });
}
