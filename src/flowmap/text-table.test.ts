import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextTable } from './text-table.ts';

test('a text has one id, and an id its text', () => {
  const table = new TextTable(7);
  const first = table.text('api.example.com');
  const second = table.text('api.example.org');
  assert.equal(table.text('api.example.com'), first);
  assert.notEqual(first, second);
  assert.deepEqual([table.get(first), table.get(second)], ['api.example.com', 'api.example.org']);
  assert.equal(table.size, 3);
  assert.equal(table.byteLength, 30);
});

test('nothing has the id 0, and 0 is the empty text', () => {
  const table = new TextTable(7);
  assert.equal(table.text(''), 0);
  assert.equal(table.span(new Uint8Array([1, 2]), 1, 1), 0);
  assert.equal(table.span(new Uint8Array([1, 2]), 2, 1), 0);
  assert.equal(table.get(0), '');
  table.text('a');
  assert.equal(table.get(0), '');
  assert.equal(table.size, 2);
});

test('a span of bytes is the same text as the text', () => {
  const table = new TextTable(7);
  const bytes = new TextEncoder().encode('GET https://bücher.example/ HTTP/1.1');
  const start = 12;
  const id = table.span(bytes, start, start + 'bücher.example'.length + 1);
  assert.equal(table.get(id), 'bücher.example');
  assert.equal(table.text('bücher.example'), id);
});

test('bytes that are no UTF-8 are kept apart, and read as replacement characters', () => {
  const table = new TextTable(7);
  const a = table.span(new Uint8Array([0x61, 0xff]), 0, 2);
  const b = table.span(new Uint8Array([0x61, 0xfe]), 0, 2);
  assert.notEqual(a, b);
  assert.equal(table.get(a), 'a\uFFFD');
});

test('it grows past its first size in texts and in bytes', () => {
  const table = new TextTable(7);
  const long = 'x'.repeat(200_000);
  const ids = Array.from({ length: 5000 }, (_, i) => table.text(`host-${i}.example.com`));
  const longId = table.text(long);
  assert.equal(new Set(ids).size, 5000);
  assert.equal(table.get(longId), long);
  for (const [i, id] of ids.entries()) {
    assert.equal(table.get(id), `host-${i}.example.com`);
    assert.equal(table.text(`host-${i}.example.com`), id);
  }
});

test('after it was cleared it knows nothing, and works as before', () => {
  const table = new TextTable(7);
  for (let i = 0; i < 3000; i++) table.text(`host-${i}.example.com`);
  table.clear();
  assert.deepEqual([table.size, table.byteLength], [1, 0]);
  const id = table.text('again.example.com');
  assert.equal(id, 1);
  assert.equal(table.get(id), 'again.example.com');
  assert.equal(table.text('host-1.example.com'), 2);
});

test('any texts are kept once each, whatever the seed', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer(), texts, (seed, list) => {
      const table = new TextTable(seed);
      const byText = new Map<string, number>();
      for (const text of list) {
        const id = table.text(text);
        assert.equal(byText.get(text) ?? id, id);
        byText.set(text, id);
      }
      assert.equal(new Set(byText.values()).size, byText.size);
      for (const [text, id] of byText) assert.equal(table.get(id), text);
    }),
  );
});
