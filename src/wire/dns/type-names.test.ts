import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsTypes } from './message.ts';
import { typeName, typeNumber } from './type-names.ts';

test('types have names for people', () => {
  const rows = [
    [16, 'TXT'],
    [1, 'A'],
    [65, 'HTTPS'],
    [0, 'TYPE0'],
    [65_280, 'TYPE65280'],
  ] as const;
  for (const [number, name] of rows) assert.deepEqual([typeName(number), typeNumber(name)], [name, number]);
});

test('every type that something is said of has its own name', () => {
  for (const [name, number] of Object.entries(dnsTypes)) assert.equal(typeName(number), name.toUpperCase());
});

test('every number has one name', () => {
  const names = new Set<string>();
  for (let type = 0; type <= 0xffff; type++) {
    const name = typeName(type);
    assert.equal(typeNumber(name), type);
    names.add(name);
  }
  assert.equal(names.size, 65_536);
});

test('people write names in any case and numbers by RFC 3597', () => {
  assert.deepEqual([typeNumber('txt'), typeNumber('Type16'), typeNumber('TYPE65535')], [16, 16, 65_535]);
  for (const text of ['', 'TYPE', 'TYPE016', 'TYPE65536', 'TYPE-1', 'NOPE', '16', 'TXT ', 'constructor']) {
    assert.equal(typeNumber(text), null, text);
  }
});
