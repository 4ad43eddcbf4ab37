import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { readConfigFixture } from '../../../../test/support/declared-lines.ts';

const cloud = { kind: 'workload', untilMs: null, origin: 'cloud' } as const;

function leasesOf(fixture: string): ReturnType<typeof collectDeclared>['leases'] {
  const { leases, declared, faults } = collectDeclared('cloud-inventory', fixture, readConfigFixture(fixture));
  assert.deepEqual([declared.length, faults], [0, 0]);
  return leases;
}

test('an instance of AWS holds the addresses of its interfaces from when they were attached, and again from its launch', () => {
  const addresses = ['10.0.1.5', '203.0.113.50', '10.0.1.6', '2001:db8::50'];
  assert.deepEqual(
    leasesOf('instances.json'),
    [Date.UTC(2026, 9, 1, 10), Date.UTC(2026, 10, 25, 10)].flatMap((fromMs) =>
      addresses.map((address) => ({ ...cloud, holder: 'billing', fromMs, address })),
    ),
  );
});

test('an interface of AWS belongs to the function, gateway or instance that it says; a free one to nobody', () => {
  const gateway = { ...cloud, kind: 'proxy', holder: 'nat-0f00', fromMs: Date.UTC(2026, 8, 1) } as const;
  assert.deepEqual(leasesOf('network-interfaces.json'), [
    { ...cloud, holder: 'invoice-run', fromMs: null, address: '10.0.2.1' },
    { ...gateway, address: '10.0.2.2' },
    { ...gateway, address: '198.51.100.9' },
    { ...cloud, holder: 'i-0abc', fromMs: null, address: '10.0.2.3' },
  ]);
});

test('an instance of Google holds its inner and outer address since its last start', () => {
  const started = { ...cloud, holder: 'worker-1', fromMs: Date.UTC(2026, 10, 2, 8) };
  assert.deepEqual(leasesOf('gcloud-instances.json'), [
    { ...started, address: '10.128.0.2' },
    { ...started, address: '203.0.113.77' },
  ]);
});

test('an interface of Azure belongs to its virtual machine', () => {
  assert.deepEqual(leasesOf('azure-nics.json'), [{ ...cloud, holder: 'ledger', fromMs: null, address: '10.2.0.4' }]);
});
