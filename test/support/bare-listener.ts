import assert from 'node:assert/strict';
import { noBudgets, type ProxyObserver } from '../../src/enforcement/index.ts';
import { identify } from '../../src/identity/index.ts';
import { approveAddresses, type CompiledPolicy, type DecisionRecord, decide, noFacts } from '../../src/policy/index.ts';
import { createProxyListener, type ProxyListener } from '../../src/proxy/index.ts';
import { driverForTest } from './driver.ts';
import { addressOf } from './policy-fixture.ts';

/** What differs between bare listeners. `port` is the local origin's; every name resolves to loopback. */
export interface BareListenerOptions {
  readonly policy: () => CompiledPolicy;
  readonly port: number;
  readonly write: (record: DecisionRecord) => boolean;
  /** Who is told what happens. Default: nobody. */
  readonly observer?: ProxyObserver;
  /** How often a tunnel tells its bytes so far. Default: as the product does. */
  readonly progressIntervalMs?: number;
}

/** A proxy listener in this process with the real judge and no trust, resolver or spool behind it. */
export async function startBareListener(options: BareListenerOptions): Promise<ProxyListener> {
  const loopback = addressOf('127.0.0.1');
  let ids = 0;
  const listener = createProxyListener({
    judge: { identify, decide, approve: approveAddresses },
    policy: {
      current: options.policy,
      facts: () => noFacts,
      network: () => ({ ownAddresses: [], localOrigins: [{ address: loopback, port: options.port }] }),
    },
    verifier: { generation: 0, verify: () => ({ kind: 'failed', why: 'unknown' }), stillHolds: () => true },
    resolver: {
      resolve: async () => ({ ok: true, value: { addresses: [loopback], ttlSeconds: 60 } }),
      holds: () => false,
    },
    records: { isKeeping: true, write: options.write },
    budgets: noBudgets,
    clock: { now: Date.now },
    newId: () => `id-${ids++}`,
    driver: driverForTest(),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
    ...(options.progressIntervalMs === undefined ? {} : { limits: { progressIntervalMs: options.progressIntervalMs } }),
  });
  assert.ok((await listener.listen({ host: '127.0.0.1', port: 0 })).ok);
  return listener;
}
