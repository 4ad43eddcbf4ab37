import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { known, listOf, parseJsonRecord, recordOf, textAt, valueAt } from './json-record.ts';

test('one object is a record; everything else is none', () => {
  assert.deepEqual(parseJsonRecord('{"a":1}'), { a: 1 });
  assert.deepEqual(parseJsonRecord('  {"a":1}\r\n'), { a: 1 });
  // A byte order mark at the head of a file.
  assert.deepEqual(parseJsonRecord('\uFEFF{"a":1}'), { a: 1 });
  for (const text of ['', '[]', '[{"a":1}]', 'null', '1', '"{}"', '{"a":1', '{"a":1}{"b":2}', "{'a':1}"]) {
    assert.equal(parseJsonRecord(text), null, text);
  }
});

test('of duplicate keys the last counts', () => {
  assert.deepEqual(parseJsonRecord('{"a":1,"a":2}'), { a: 2 });
});

test('only objects are records, and only arrays are lists', () => {
  for (const value of [null, undefined, [], 'a', 1]) assert.equal(recordOf(value), null);
  assert.deepEqual(listOf([1]), [1]);
  for (const value of [null, { length: 1 }, 'ab']) assert.deepEqual(listOf(value), []);
});

test('a path of keys leads to a value or nowhere, and never to what every object has', () => {
  const record = parseJsonRecord('{"event":{"src_ip":"192.0.2.7","port":443,"tags":["a"],"__proto__":{"evil":1}}}');
  assert.equal(valueAt(record, 'event', 'src_ip'), '192.0.2.7');
  assert.equal(valueAt(record, 'event', 'port'), 443);
  for (const path of [
    ['event', 'nothing'],
    ['event', 'src_ip', 'length'],
    ['event', 'tags', '0'],
    ['constructor'],
    ['event', 'toString'],
    ['evil'],
  ]) {
    assert.equal(valueAt(record, ...path), undefined, path.join('.'));
  }
  assert.equal(valueAt(null, 'a'), undefined);
});

test('texts and numbers are texts; nothing and the words for nothing are empty', () => {
  const record = parseJsonRecord('{"t":" x ","n":443,"z":0,"b":true,"o":{},"dash":"-","none":"None"}');
  assert.deepEqual(
    ['t', 'n', 'z', 'b', 'o', 'dash', 'none', 'missing'].map((key) => textAt(record, key)),
    ['x', '443', '0', '', '', '', '', ''],
  );
});

test('a word for nothing is only the whole text', () => {
  for (const word of ['', ' ', '-', ' - ', 'None', 'NA', 'N/A', 'n/a', 'null', 'NULL', '(empty)', 'undefined']) {
    assert.equal(known(word), '', word);
  }
  for (const word of ['none.example', '--', '0', 'NAME', 'nullable', 'NaN']) assert.equal(known(word), word);
});

test('what JSON writes is read back, and no text makes it throw', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
      const text = JSON.stringify(record);
      assert.deepEqual(JSON.stringify(parseJsonRecord(text)), JSON.stringify(JSON.parse(text)));
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, key) => {
      assert.equal(typeof textAt(parseJsonRecord(`{${text}`), key), 'string');
    }),
  );
});
