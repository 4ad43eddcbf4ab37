import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminalLine } from './terminal-line.ts';

const at = Date.parse('2026-11-23T17:20:44.473Z');

test('a line for people has time, level, process, message and facts', () => {
  const facts = { service: 'demo-app', port: 8443, cause: 'read "a b"', nothing: null };
  assert.equal(
    terminalLine({ level: 'info', process: 'point', message: 'first seen', facts, at }),
    '17:20:44 INFO  point      first seen service=demo-app port=8443 cause="read \\"a b\\""\n',
  );
});

test('nothing from outside begins a line of its own or steers the terminal', () => {
  const facts = { host: 'a\n17:20:44 INFO forged', note: '\u001b[2J\u202e' };
  const line = terminalLine({ level: 'warn', process: 'point', message: 'm\r\n', facts, at });
  assert.match(line, /^[\x20-\x7e]+\n$/);
  assert.doesNotMatch(line.replaceAll('"', ''), /^17:20:44 INFO/);
});
