import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { AskOrder, AskReport } from './gateway-asks.ts';

// A client in the namespace of the workload: asks the gateway for names at a rate, one order on its command line, and connects to what it is
// told as soon as it is told. Prints one JSON object.

const order = JSON.parse(process.argv[2] ?? '{}') as AskOrder;
const answerMs = 2_000;
const connectMs = 3_000;
const headBytes = 12;
const mostIds = 65_536;
const refusals: Record<string, number> = {};
const latencies: number[] = [];
const connects: number[] = [];
const asked = new Map<number, { readonly at: number; readonly settle: () => void }>();
let failed = 0;

const socket = createSocket(order.server.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (message) => {
  const id = message.readUInt16BE(0);
  const entry = asked.get(id);
  if (entry === undefined) return;
  asked.delete(id);
  const ms = performance.now() - entry.at;
  const isGood = (message[3] ?? 0) % 16 === 0 && message.readUInt16BE(6) > 0;
  if (!isGood) {
    failed += 1;
    return entry.settle();
  }
  latencies.push(ms);
  // The one address of the answer is its last field.
  if (order.connectTo === null) return entry.settle();
  void reach([...message.subarray(-4)].join('.'), order.connectTo).finally(entry.settle);
});
socket.connect(53, order.server);
await new Promise<void>((resolve) => socket.once('connect', resolve));

const began = performance.now();
const all: Promise<void>[] = [];
for (let at = 0; at < order.count; at += 1) {
  const dueMs = (at * 1_000) / order.perSecond - (performance.now() - began);
  if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
  all.push(ask(order.from + at, at % mostIds));
}
await Promise.all(all);
socket.close();
const report: AskReport = { latencies, connects, failed, refusals };
process.stdout.write(`${JSON.stringify(report)}\n`);

function ask(number: number, id: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      asked.delete(id);
      failed += 1;
      resolve();
    }, answerMs);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    asked.set(id, { at: performance.now(), settle });
    socket.send(question(id, `${order.prefix}${number}.${order.zone}`));
  });
}

// One question for A, recursion wanted (RFC 1035 section 4.1).
function question(id: number, name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const bytes = Buffer.from([...Array.from({ length: headBytes }, () => 0), ...labels, 0, 0, 1, 0, 1]);
  bytes.writeUInt16BE(id, 0);
  bytes[2] = 1;
  bytes[5] = 1;
  return bytes;
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve) => {
    const at = performance.now();
    const to = connect({ host, port });
    const end = (why: string | null): void => {
      clearTimeout(timer);
      if (why === null) connects.push(performance.now() - at);
      else refusals[why] = (refusals[why] ?? 0) + 1;
      to.resetAndDestroy();
      resolve();
    };
    const timer = setTimeout(() => end('timeout'), connectMs);
    to.on('connect', () => end(null));
    to.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
