import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CanonicalTexts } from './canonical-texts.ts';
import { TextTable } from './text-table.ts';

const addresses: readonly (readonly [text: string, canonical: string | number])[] = [
  ['10.0.0.5', '10.0.0.5'],
  ['::ffff:10.0.0.5', '10.0.0.5'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', 0],
  ['0.0.0.0', 0],
  ['::', 0],
  ['10.0.0', -1],
  ['010.0.0.5', -1],
  ['api.example', -1],
];

/** A name is a text; an address among hosts stands in brackets. */
const hosts: readonly (readonly [text: string, canonical: string | number])[] = [
  ['API.Example.', 'api.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['203.0.113.5', '[203.0.113.5]'],
  ['[2001:db8::1]', '[2001:db8::1]'],
  ['2001:db8::1', '[2001:db8::1]'],
  ['', 0],
  ['0.0.0.0', -1],
  ['1.2.3', -1],
  ['bad host', -1],
];

describe('texts as addresses and hosts', () => {
  for (const [text, canonical] of addresses) {
    test(`\`${text}\` is the address ${canonical}, asked once or twice`, () => {
      const table = new TextTable(1);
      const texts = new CanonicalTexts(table);
      const id = table.text(text);
      for (const found of [texts.address(id), texts.address(id)]) {
        assert.equal(found > 0 ? table.get(found) : found, canonical);
      }
    });
  }

  for (const [text, canonical] of hosts) {
    test(`\`${text}\` is the host ${canonical}, asked once or twice`, () => {
      const table = new TextTable(1);
      const texts = new CanonicalTexts(table);
      const id = table.text(text);
      for (const found of [texts.host(id), texts.host(id)]) {
        const told = found > 0 ? table.get(found) : found < -1 ? `[${table.get(-2 - found)}]` : found;
        assert.equal(told, canonical);
      }
    });
  }

  test('a text may be asked about as an address and as a host, past the first thousand', () => {
    const table = new TextTable(1);
    const texts = new CanonicalTexts(table);
    for (let index = 0; index < 3000; index += 1) table.text(`n${index}.example`);
    const id = table.text('203.0.113.5');
    assert.equal(table.get(texts.address(id)), '203.0.113.5');
    assert.equal(table.get(-2 - texts.host(id)), '203.0.113.5');
  });

  test('forgets with its table', () => {
    const table = new TextTable(1);
    const texts = new CanonicalTexts(table);
    texts.address(table.text('10.0.0.5'));
    table.clear();
    texts.clear();
    assert.equal(texts.address(table.text('not an address')), -1);
  });
});
