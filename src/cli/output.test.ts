import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { escapeControls } from '../base/index.ts';
import { formatObject, formatRows } from './output.ts';

const rows = [
  { name: 'payments-api', ports: [443, 8443], note: null },
  { name: '=cmd()', ports: [], note: 'says "hi", and\nmore' },
];
const columns = ['name', 'ports', 'note'];

test('a table is aligned, shows nothing as a dash and lists with commas', () => {
  const lines = formatRows('table', columns, rows).split('\n');
  assert.equal(lines[0], 'NAME          PORTS      NOTE');
  assert.equal(lines[1], 'payments-api  443, 8443  -');
});

test('control characters and reordering marks never reach a terminal', () => {
  assert.equal(escapeControls('a\u001b[2Jb\u202ec\u0007'), 'a\\u{1b}[2Jb\\u{202e}c\\u{7}');
  assert.doesNotMatch(formatRows('table', ['note'], rows), /[^\n\x20-\x7e]/);
});

test('CSV quotes by RFC 4180, and a text that a spreadsheet would run is defused', () => {
  assert.equal(
    formatRows('csv', columns, rows),
    'name,ports,note\r\npayments-api,443 8443,\r\n\'=cmd(),,"says ""hi"", and\nmore"\r\n',
  );
});

test('JSON and YAML hold the values as they are', () => {
  assert.deepEqual(JSON.parse(formatRows('json', columns, rows)), rows);
  assert.deepEqual(parse(formatRows('yaml', columns, rows)), rows);
});

test('an object in CSV is one line under its keys, and the text for people is only for tables', () => {
  const object = { policy: 'sha256:00', rules: 3, point: { pid: 7, ports: [1, 2] }, flows: [{ host: 'a.example' }] };
  assert.equal(
    formatObject('csv', object, () => 'text\n'),
    'policy,rules,point.pid,point.ports,flows\r\nsha256:00,3,7,1 2,"[{""host"":""a.example""}]"\r\n',
  );
  assert.equal(
    formatObject('table', object, () => 'text\n'),
    'text\n',
  );
});
