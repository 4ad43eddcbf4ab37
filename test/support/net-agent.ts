import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

// A process inside a network namespace that does what a test tells it on its standard input, one JSON object a line.

interface Order {
  readonly id: number;
  readonly does: 'listen' | 'open' | 'echo' | 'flow' | 'close' | 'datagram' | 'speak' | 'heard';
  readonly host?: string;
  readonly port?: number;
  readonly from?: string;
  readonly text?: string;
  readonly timeoutMs?: number;
  readonly connection?: number;
  readonly fd?: number;
  readonly parts?: readonly string[];
  readonly pauseMs?: number;
  readonly answers?: readonly string[];
}

const connections = new Map<number, Socket>();
// What came to a port that answers by heart, over all of its connections.
const heardAt = new Map<number, string>();
const datagrams = new Map<string, Datagrams>();

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line) as Order;
  const beganAt = performance.now();
  void run(order).then((result) => {
    const ms = performance.now() - beganAt;
    process.stdout.write(`${JSON.stringify({ id: order.id, result, ms })}\n`);
  });
});
process.stdin.on('end', () => process.exit(0));

async function run(order: Order): Promise<string> {
  if (order.does === 'listen') return listen(order);
  if (order.does === 'open') return open(order);
  if (order.does === 'echo') return echo(order);
  if (order.does === 'flow') return flow(order);
  if (order.does === 'speak') return speak(order);
  if (order.does === 'heard') return heardAt.get(order.port ?? 0) ?? '';
  if (order.does === 'close') {
    connections.get(order.connection ?? 0)?.destroy();
    return 'closed';
  }
  return datagram(order);
}

// Echoes what comes; says first whom it was meant for and who asked. What begins with `pour` is answered without end. With `answers` it says
// nothing first, and one of them to each part that comes on a connection.
function listen({ host, port, fd, answers }: Order): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (answers !== undefined) return answerByHeart(socket, port ?? 0, answers);
      socket.write(`${bare(socket.localAddress)} ${socket.localPort} ${bare(socket.remoteAddress)}\n`);
      socket.on('data', (chunk) => {
        if (!chunk.toString().startsWith('pour')) return void socket.write(chunk);
        const pouring = setInterval(() => socket.write('drop '), 20);
        socket.on('close', () => clearInterval(pouring));
      });
    });
    server.on('error', (error) => resolve(error.message));
    if (fd !== undefined) return void server.listen({ fd }, () => resolve('listens'));
    const udp = createSocket(host?.includes(':') ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    udp.on('error', (error) => resolve(error.message));
    udp.on('message', (message, { address, port: back }) => udp.send(message, back, address));
    udp.bind(port, host, () => server.listen({ port, host, ipv6Only: true }, () => resolve('listens')));
  });
}

function answerByHeart(socket: Socket, port: number, answers: readonly string[]): void {
  let said = 0;
  socket.on('data', (chunk) => {
    heardAt.set(port, `${heardAt.get(port) ?? ''}${chunk.toString('latin1')}`);
    socket.write(answers[said] ?? '');
    said += 1;
  });
}

function open({ id, host, port, from, timeoutMs }: Order): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      host: host ?? '',
      port: port ?? 0,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    connections.set(id, socket);
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('timeout');
    }, timeoutMs ?? 2_000);
    const end = (result: string): void => {
      clearTimeout(timer);
      resolve(result);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.once('data', (chunk) => end(chunk.toString().trim()));
  });
}

function echo({ connection, text, timeoutMs }: Order): Promise<string> {
  const socket = connections.get(connection ?? 0);
  if (socket === undefined || socket.destroyed) return Promise.resolve('gone');
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => end(error.code ?? error.message);
    const heard = (chunk: Buffer): void => end(chunk.toString());
    const timer = setTimeout(() => end('timeout'), timeoutMs ?? 2_000);
    const end = (result: string): void => {
      clearTimeout(timer);
      socket.off('error', failed).off('data', heard);
      resolve(result);
    };
    socket.on('error', failed).on('data', heard);
    socket.write(text ?? 'x');
  });
}

/** Sends parts (hexadecimal), each in a packet of its own, with pauses; gives what came back, and how it ended. */
function speak({ host, port, from, parts, pauseMs, timeoutMs }: Order): Promise<string> {
  const source = from === undefined ? {} : { localAddress: from };
  const socket = connect({ host: host ?? '', port: port ?? 0, noDelay: true, ...source });
  let heard = '';
  return new Promise((resolve) => {
    const end = (how: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`${heard.length > 0 ? `${heard.slice(0, 2_000)} ` : ''}${how}`);
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs ?? 2_000);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.on('close', () => end('closed'));
    socket.on('connect', async () => {
      for (const part of parts ?? []) {
        if (socket.destroyed) return;
        socket.write(Buffer.from(part, 'hex'));
        await new Promise((next) => setTimeout(next, pauseMs ?? 0));
      }
    });
  });
}

/** How many bytes come on a connection within a time. */
function flow({ connection, timeoutMs }: Order): Promise<string> {
  const socket = connections.get(connection ?? 0);
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  socket?.on('data', count);
  return new Promise((resolve) =>
    setTimeout(() => {
      socket?.off('data', count);
      resolve(String(bytes));
    }, timeoutMs ?? 200),
  );
}

// One socket for each peer and source, connected, so that an ICMP error is told.
function datagram({ host = '', port = 0, from, text, timeoutMs }: Order): Promise<string> {
  const key = `${from} ${host} ${port}`;
  const there = datagrams.get(key);
  const socket = there ?? createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  datagrams.set(key, socket);
  // A packet that is refused on its way out fails twice: at once, and once more when the refusal is heard.
  if (there === undefined) socket.on('error', () => undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => end('timeout'), timeoutMs ?? 1_000);
    const end = (result: string): void => {
      clearTimeout(timer);
      socket.off('message', heard).off('error', failed);
      resolve(result);
    };
    const heard = (message: Buffer): void => end(message.toString().slice(0, 20));
    const failed = (error: NodeJS.ErrnoException): void => end(error.code ?? error.message);
    socket.on('message', heard).on('error', failed);
    const send = (): void =>
      socket.send(text ?? 'x', (error) => error !== null && failed(error as NodeJS.ErrnoException));
    if (there !== undefined) send();
    else socket.bind(0, from, () => socket.connect(port, host, send));
  });
}

function bare(address: string | undefined): string {
  return (address ?? '').replace('::ffff:', '');
}
