import { connect } from 'node:net';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Asks again and again, each time on a new connection, from a thread of its own, so that what the test does meanwhile is not measured. */
export interface LatencyProbe {
  /** The slowest answer since the last call, in milliseconds, and how many there were; fails when one was not a 200. */
  slowest(): Promise<{ readonly slowestMs: number; readonly count: number }>;
  stop(): Promise<void>;
}

interface ProbeData {
  readonly port: number;
  readonly head: string;
}

/** Starts a probe that sends this head to a loopback port. */
export function startProbe(port: number, head: string): LatencyProbe {
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, head } satisfies ProbeData });
  return {
    slowest: () =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.postMessage('tell');
      }),
    stop: async () => void (await worker.terminate()),
  };
}

function askOnce({ port, head }: ProbeData): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket = connect(port, '127.0.0.1', () => socket.write(head));
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      const text = bytes.toString('latin1');
      if (text.startsWith('HTTP/1.1 200 ')) resolve(performance.now() - began);
      else reject(new Error(`the proxy answered ${text.slice(0, 80)}`));
    });
    socket.once('error', reject);
  });
}

if (parentPort !== null) {
  const port = parentPort;
  let [slowestMs, count] = [0, 0];
  port.on('message', () => {
    port.postMessage({ slowestMs, count });
    [slowestMs, count] = [0, 0];
  });
  for (;;) {
    slowestMs = Math.max(slowestMs, await askOnce(workerData as ProbeData));
    count += 1;
  }
}
