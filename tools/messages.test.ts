import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUnhousedMessages, readMessages } from './house-rules.ts';
import { isTestFile, readSourceFiles } from './source-files.ts';

// A scan that finds no message must not be green.
const fewestMessages = 60;

const source = readSourceFiles(['src'], '.ts').filter((file) => !isTestFile(file.path));

test('messages start lower-case and have no full stop', () => {
  const count = source.flatMap(readMessages).length;
  assert.ok(count >= fewestMessages, `${count} messages were found, at least ${fewestMessages} are expected`);
  assert.deepEqual(source.flatMap(findUnhousedMessages), []);
});

test('a message in another manner is found', () => {
  const path = 'src/wire/a.ts';
  const rows: readonly (readonly [string, number])[] = [
    ["fault('port_malformed', 'Port is wrong')", 1],
    ["fault(\n  'port_malformed',\n  `port \\`x\\` is wrong.`,\n)", 1],
    ["new ExeatError('state_locked', 'The state is in use')", 1],
    ["fault('port_malformed', 'port `x` is not a number')", 0],
    ["fault('tls_failed', 'TLS was refused by the upstream')", 0],
  ];
  for (const [text, expected] of rows) assert.equal(findUnhousedMessages({ path, text }).length, expected, text);
});
