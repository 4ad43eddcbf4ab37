import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, directoryOf } from '../../test/support/flow-batch.ts';
import { attributeClients } from './attribute-clients.ts';
import { findStarts } from './find-starts.ts';
import { parseInventory } from './inventory.ts';
import type { LeaseObservation } from './observation.ts';

function pod(address: string, fromMs: number | null, extra: Partial<LeaseObservation> = {}): LeaseObservation {
  return { address, holder: 'shop/api', kind: 'workload', origin: 'kubernetes', fromMs, untilMs: null, ...extra };
}

/** What is found of leases, where each of these addresses had flows. */
function startsOf(
  leases: readonly LeaseObservation[],
  clients: readonly string[],
  inventory = 'services: []',
): ReturnType<typeof findStarts> {
  const parsed = parseInventory(inventory, 'inventory.yaml');
  assert.ok(parsed.ok);
  const keys = clients.map((client) => ({ client, user: '', service: '', firstMs: 0, lastMs: 0 }));
  return findStarts(leases, attributeClients(keys, directoryOf({ leases, inventory: parsed.value })));
}

test('pods that began are starts of their workload, two addresses of one pod once', () => {
  const leases = [pod('10.1.0.1', at('08:00')), pod('2001:db8::1', at('08:00')), pod('10.1.0.2', at('09:00'))];
  assert.deepEqual(startsOf(leases, ['10.1.0.1', '2001:db8::1', '10.1.0.2']), [
    { principal: 'shop/api', startsMs: [at('08:00'), at('09:00')] },
  ]);
});

test('a start belongs to who the address was then, by the inventory first', () => {
  const inventory = 'services: [{ name: checkout, sources: [{ cidr: 10.1.0.1/32, until: 2026-11-20T12:00:00Z }] }]';
  const leases = [pod('10.1.0.1', at('08:00')), pod('10.1.0.1', at('13:00'), { holder: 'shop/web' })];
  assert.deepEqual(startsOf(leases, ['10.1.0.1'], inventory), [
    { principal: 'checkout', startsMs: [at('08:00')] },
    { principal: 'shop/api', startsMs: [] },
    { principal: 'shop/web', startsMs: [at('13:00')] },
  ]);
});

test('an address without flows, a lease without a start, DHCP and a proxy tell nothing', () => {
  const leases = [
    pod('10.1.0.1', null),
    pod('10.1.0.2', at('08:00'), { origin: 'dhcp' }),
    pod('10.1.0.3', at('08:00'), { kind: 'proxy' }),
    pod('10.1.0.4', at('08:00')),
  ];
  assert.deepEqual(startsOf(leases, ['10.1.0.1', '10.1.0.2', '10.1.0.3']), []);
});
