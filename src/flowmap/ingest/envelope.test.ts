import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalZone, peelEnvelopes } from '../index.ts';

const zone = createLocalZone('UTC');
assert.ok(zone.ok);
const options = { zone: zone.value, nowMs: Date.UTC(2026, 10, 28, 12) };
const head = '<134>1 2026-11-27T10:00:00Z gw-1';

const records: readonly (readonly [what: string, line: string, text: string])[] = [
  ['structured data before a message is left out', `${head} app 1 - [id@1 a="b"] hello`, 'app: hello'],
  [
    'a bracket in a value of structured data does not end it',
    `${head} app 1 - [id@1 a="b \\] c"][id@2] hello`,
    'app: hello',
  ],
  [
    'structured data that is the whole record is the message',
    `${head} app - Log [F@1 src="10.0.0.1"]`,
    'app: [F@1 src="10.0.0.1"]',
  ],
  [
    'brackets that are no structured data are the message',
    `${head} CheckPoint 1 - [action:"Drop"; x:"a\\]"]`,
    'CheckPoint: [action:"Drop"; x:"a\\]"]',
  ],
  ['a record without structured data and without a tag is its message', `${head} - - - - 1,2026`, '1,2026'],
];

for (const [what, line, text] of records) {
  test(`RFC 5424: ${what}`, () => {
    assert.deepEqual(peelEnvelopes(line, options), { text, receivedMs: Date.UTC(2026, 10, 27, 10) });
  });
}
