import { connect, type Socket } from 'node:net';

/** A bare TCP connection of a test: bytes out, bytes in, and how it ended. Nothing is parsed but what a call asks for. */
export interface RawClient {
  readonly socket: Socket;
  send(data: string | Uint8Array): void;
  /** Waits until the bytes so far match, gives them all as latin1 text and forgets them; fails after `timeoutMs`. */
  readUntil(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Waits for the end of the connection: everything not yet read, and whether it was a reset. */
  readToEnd(timeoutMs?: number): Promise<{ readonly text: string; readonly isReset: boolean }>;
  /** Waits for at least `count` bytes, gives exactly them and keeps the rest. */
  readBytes(count: number, timeoutMs?: number): Promise<Buffer>;
  close(): void;
}

const defaultTimeoutMs = 8000;

/** Connects to a loopback port and waits until the connection stands. */
export async function openRaw(port: number, host = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ port, host, allowHalfOpen: true });
  const state = { chunks: [] as Buffer[], isEnded: false, isReset: false, wake: () => {} };
  socket.on('error', () => {
    state.isReset = true;
    state.isEnded = true;
    state.wake();
  });
  socket.on('data', (chunk: Buffer) => {
    state.chunks.push(chunk);
    state.wake();
  });
  socket.on('end', () => {
    state.isEnded = true;
    state.wake();
  });
  socket.on('close', () => {
    state.isEnded = true;
    state.wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const waitFor = async (isThere: () => boolean, timeoutMs: number, what: string): Promise<void> => {
    const deadline = performance.now() + timeoutMs;
    while (!isThere()) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`${what} did not come within ${timeoutMs} ms; so far: ${JSON.stringify(textOf(state.chunks))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        state.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    socket,
    send: (data) => void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
    readUntil: async (pattern, timeoutMs = defaultTimeoutMs) => {
      await waitFor(() => pattern.test(textOf(state.chunks)) || state.isEnded, timeoutMs, String(pattern));
      const text = textOf(state.chunks);
      if (!pattern.test(text)) throw new Error(`the connection ended before ${pattern}: ${JSON.stringify(text)}`);
      state.chunks = [];
      return text;
    },
    readToEnd: async (timeoutMs = defaultTimeoutMs) => {
      await waitFor(() => state.isEnded, timeoutMs, 'the end of the connection');
      return { text: textOf(state.chunks), isReset: state.isReset };
    },
    readBytes: async (count, timeoutMs = defaultTimeoutMs) => {
      const have = (): number => state.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      await waitFor(() => have() >= count || state.isEnded, timeoutMs, `${count} bytes`);
      const all = Buffer.concat(state.chunks);
      if (all.length < count) throw new Error(`the connection ended after ${all.length} of ${count} bytes`);
      state.chunks = [all.subarray(count)];
      return all.subarray(0, count);
    },
    close: () => void socket.destroy(),
  };
}

/** One request and its whole answer, the connection closed by whoever closes it first. */
export async function exchangeRaw(port: number, bytes: string | Uint8Array, timeoutMs?: number): Promise<string> {
  const client = await openRaw(port);
  try {
    client.send(bytes);
    return await client.readUntil(/\r\n\r\n/, timeoutMs);
  } finally {
    client.close();
  }
}

/** A CONNECT head: `connectHead('allowed.example:443', { proof })`. */
export function connectHead(
  authority: string,
  fields: { readonly proof?: string; readonly more?: string } = {},
): string {
  const proof = fields.proof === undefined ? '' : `Proxy-Authorization: ${fields.proof}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${proof}${fields.more ?? ''}\r\n`;
}

/** A Basic proof as a header value. */
export function basicProof(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('latin1');
}
