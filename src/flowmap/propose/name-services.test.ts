import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyInventory } from '../inventory.ts';
import { identitiesOf, nameServices } from './name-services.ts';

test('principals become names of the grammar, each once', () => {
  const named = nameServices(
    [
      'payments-api',
      'payments/api',
      'Payments API',
      'user:jane',
      '10.20.0.7',
      '2001:db8::7',
      'unattributed',
      '…',
      'boundary',
    ],
    new Set(['payments-api', 'user-jane']),
  );
  assert.deepEqual(Object.fromEntries(named), {
    'payments-api': 'payments-api',
    '10.20.0.7': 'host-10-20-0-7',
    '2001:db8::7': 'host-2001-db8-7',
    'Payments API': 'payments-api-2',
    boundary: 'boundary-flows',
    'payments/api': 'payments-api-3',
    unattributed: 'unattributed-flows',
    'user:jane': 'user-jane-2',
    '…': 'service',
  });
});

test('an identity is how the principal was known', () => {
  const facts = { service: 'x', inventory: emptyInventory, atMs: 0 };
  const rows = [
    [{ principal: '10.20.0.7', how: ['address'] }, '{ source: "10.20.0.7/32" }', true],
    [{ principal: '2001:db8::7', how: ['address'] }, '{ source: "2001:db8::7/128" }', true],
    [{ principal: 'user:jane', how: ['user'] }, '{ credential: "jane" }', true],
    [{ principal: 'user:CORP\\jane', how: ['user'] }, '{ credential: "unknown-x" }', false],
    [{ principal: 'payments/api', how: ['kubernetes'] }, '{ credential: "unknown-x" }', false],
    [{ principal: 'unattributed', how: ['address'] }, '{ credential: "unknown-x" }', false],
  ] as const;
  for (const [who, yaml, isKnown] of rows) {
    const found = identitiesOf({ ...facts, ...who });
    assert.deepEqual([found.identities.map((one) => one.yaml), found.isKnown], [[yaml], isKnown], who.principal);
  }
});
