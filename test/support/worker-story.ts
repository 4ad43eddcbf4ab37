import assert from 'node:assert/strict';
import { startCountingOrigin } from './attack-origins.ts';
import { type ProductOptions, type RunningProduct, startProduct } from './product.ts';
import { basicProof, connectHead, exchangeRaw, openRaw, type RawClient } from './raw-client.ts';

/**
 * Stories about the life of the processes: a workload, `worker`, is a bare CONNECT under a `tcp://` rule to `one.example` or `two.example`,
 * which both lead to one origin.
 */
export interface WorkerStory {
  readonly port: number;
  /** A policy that allows these names. */
  allowing(...names: readonly string[]): string;
  /** Starts the product; by default with a policy that allows `one.example`. */
  start(options?: ProductOptions): Promise<RunningProduct>;
  /** The head of the proxy's answer to one CONNECT. */
  connectTo(product: RunningProduct, name: string): Promise<string>;
  openTunnel(product: RunningProduct, name: string): Promise<RawClient>;
  close(): Promise<void>;
}

/** Starts the origin of a story. */
export async function openWorkerStory(): Promise<WorkerStory> {
  const origin = await startCountingOrigin();
  const allowing = (...names: readonly string[]): string =>
    workerPolicy(names.map((name) => `tcp://${name}:${origin.port}`));
  const headFor = (product: RunningProduct, name: string): string =>
    connectHead(`${name}:${origin.port}`, { proof: basicProof('worker', product.secretOf('worker')) });
  return {
    port: origin.port,
    allowing,
    start: (options = {}) =>
      startProduct({
        policy: { 'a.yaml': allowing('one.example') },
        credentials: ['worker'],
        ...options,
        config: {
          hosts: { 'one.example': '127.0.0.1', 'two.example': '127.0.0.1' },
          localOrigins: [`127.0.0.1:${origin.port}`],
          ...options.config,
        },
      }),
    connectTo: (product, name) => exchangeRaw(product.proxyPort, headFor(product, name)),
    openTunnel: async (product, name) => {
      const client = await openRaw(product.proxyPort);
      client.send(headFor(product, name));
      assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
      return client;
    },
    close: () => origin.close(),
  };
}

/** A policy of one service with these `to:` and these `tests:`. */
export function workerPolicy(rules: readonly string[], tests: readonly string[] = []): string {
  return [
    'apiVersion: exeat/v1',
    'service: worker',
    'owner: team-a',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:worker" ]',
    `allow:${rules.length === 0 ? ' []' : ''}`,
    ...rules.map((to) => `  - { to: "${to}", reason: the story }`),
    `tests:${tests.length === 0 ? ' []' : ''}`,
    ...tests.map((one) => `  - ${one}`),
    '',
  ].join('\n');
}

/** Whether a process is there. */
export function isAlive(pid: number | null): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return pid !== null;
  } catch {
    return false;
  }
}

/** Asserts that what was printed is one line, and no stack. */
export function oneLine(text: string): string {
  assert.equal(text.trim().split('\n').length, 1, text);
  assert.doesNotMatch(text, /\n\s+at /);
  return text;
}

/** What `/readyz` says. */
export async function readiness(product: RunningProduct): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://${product.console}/readyz`);
  return { status: response.status, text: await response.text() };
}
