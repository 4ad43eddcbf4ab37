import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, directoryOf } from '../../test/support/flow-batch.ts';
import { attributeClients, type ClientDirectory } from './attribute-clients.ts';
import { type Inventory, parseInventory } from './inventory.ts';
import type { ClientKey } from './lake.ts';
import type { LeaseObservation } from './observation.ts';

const key: ClientKey = { client: '10.0.0.5', user: '', service: '', firstMs: 0, lastMs: 0 };
const endOfTimeMs = Date.UTC(9999, 0, 1);

function inventoryOf(services: string): Inventory {
  const parsed = parseInventory(`services:\n${services}`, 'inventory.yaml');
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.fault.message);
  return parsed.value;
}

/** Who a client is, at once and for ever. */
function whoIs(known: Partial<ClientDirectory>, asked: Partial<ClientKey> = {}): readonly string[] {
  return attributeClients([{ ...key, ...asked }], directoryOf(known)).map(
    ({ principal, how, role }) => `${principal} by ${how} as ${role}`,
  );
}

const lease: LeaseObservation = {
  address: '10.0.0.5',
  holder: 'payments/api',
  kind: 'workload',
  origin: 'kubernetes',
  fromMs: null,
  untilMs: null,
};
const everything: Partial<ClientDirectory> = {
  inventory: inventoryOf('  - { name: listed, sources: [{ cidr: 10.0.0.0/8 }] }'),
  leases: [lease, { ...lease, holder: 'jane', kind: 'user', origin: 'logon' }],
  hasService: (name) => name === 'known',
  servicesOfSource: () => ['by-source'],
  serviceOfCredential: (name) => (name === 'app' ? 'by-credential' : null),
};
const without = (...keys: readonly (keyof ClientDirectory)[]): Partial<ClientDirectory> =>
  Object.fromEntries(Object.entries(everything).filter(([name]) => !keys.includes(name as keyof ClientDirectory)));

describe('who a client is', () => {
  const cases: readonly (readonly [
    title: string,
    known: Partial<ClientDirectory>,
    asked: Partial<ClientKey>,
    who: string,
  ])[] = [
    [
      'a service that the policy knows and the record names',
      everything,
      { service: 'known', user: 'app' },
      'known by record as principal',
    ],
    ['then what the inventory says of the address', everything, { user: 'app' }, 'listed by inventory as principal'],
    [
      'then the policy whose source range it is',
      without('inventory'),
      { user: 'app' },
      'by-source by policy-source as principal',
    ],
    [
      'two services that claim one range name neither',
      { servicesOfSource: () => ['a', 'b'] },
      {},
      '10.0.0.5 by address as principal',
    ],
    [
      'then what Kubernetes or a cloud says',
      without('inventory', 'servicesOfSource'),
      { user: 'app' },
      'payments/api by kubernetes as principal',
    ],
    [
      'then the credential of the policy',
      { serviceOfCredential: () => 'pay' },
      { user: 'app' },
      'pay by credential as principal',
    ],
    ['then the user', {}, { user: 'jane' }, 'user:jane by user as principal'],
    [
      'then who was logged on',
      { leases: [{ ...lease, holder: 'jane', kind: 'user', origin: 'logon' }] },
      {},
      'user:jane by logon as principal',
    ],
    ['a private address that nobody claims is itself', {}, {}, '10.0.0.5 by address as principal'],
    ['a public address that nobody claims is outside', {}, { client: '192.0.2.9' }, '192.0.2.9 by address as outside'],
    ['no address at all is nobody', {}, { client: '' }, 'unattributed by address as principal'],
    [
      'a proxy stands for others',
      { inventory: inventoryOf('  - { name: squid, kind: proxy, sources: [{ cidr: 10.0.0.5/32 }] }') },
      {},
      'squid by inventory as proxy',
    ],
    [
      'a leased resolver is one',
      { leases: [{ ...lease, kind: 'resolver', holder: 'dns' }] },
      {},
      'dns by kubernetes as resolver',
    ],
  ];
  for (const [title, known, asked, who] of cases) test(title, () => assert.deepEqual(whoIs(known, asked), [who]));

  test('the longest prefix has an address, whatever the order', () => {
    const services = [
      '  - { name: wide, sources: [{ cidr: 10.0.0.0/8 }] }',
      '  - { name: host, sources: [{ cidr: 10.0.0.5/32 }] }',
    ];
    for (const text of [services, services.toReversed()]) {
      assert.deepEqual(whoIs({ inventory: inventoryOf(text.join('\n')) }), ['host by inventory as principal']);
    }
  });

  test('IPv6 and IPv4 inside of it are told apart and alike', () => {
    const inventory = inventoryOf('  - { name: six, sources: [{ cidr: "2001:db8::/32" }] }');
    assert.deepEqual(whoIs({ inventory }, { client: '2001:db8::7' }), ['six by inventory as principal']);
    assert.deepEqual(whoIs({ inventory }, { client: '10.0.0.5' }), ['10.0.0.5 by address as principal']);
  });
});

describe('who a client was in time', () => {
  test('stretches follow each other without gap or overlap, from inclusive, until exclusive', () => {
    const inventory = inventoryOf(
      '  - { name: a, sources: [{ cidr: 10.0.0.5/32, from: 2026-11-20T08:00:00Z, until: 2026-11-20T12:00:00Z }] }\n  - { name: b, sources: [{ cidr: 10.0.0.5/32, from: 2026-11-20T14:00:00Z }] }',
    );
    const rows = attributeClients([key], directoryOf({ inventory }));
    assert.deepEqual(
      rows.map(({ fromMs, untilMs, principal }) => [fromMs, untilMs, principal]),
      [
        [0, at('08:00'), '10.0.0.5'],
        [at('08:00'), at('12:00'), 'a'],
        [at('12:00'), at('14:00'), '10.0.0.5'],
        [at('14:00'), endOfTimeMs, 'b'],
      ],
    );
  });

  test('of two leases at once the later one holds the address', () => {
    const leases = [
      { ...lease, holder: 'old', fromMs: at('08:00'), untilMs: at('12:00') },
      { ...lease, holder: 'new', fromMs: at('10:00'), untilMs: at('14:00') },
    ];
    for (const given of [leases, leases.toReversed()]) {
      const rows = attributeClients([key], directoryOf({ leases: given }));
      assert.deepEqual(
        rows.map(({ principal }) => principal),
        ['10.0.0.5', 'old', 'new', 'new', '10.0.0.5'],
      );
    }
  });
});
