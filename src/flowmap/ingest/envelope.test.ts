import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { peelEnvelopes } from './envelope.ts';
import { createLocalZone } from './local-zone.ts';

const berlin = createLocalZone('Europe/Berlin');
assert.ok(berlin.ok);
const options = { zone: berlin.value, nowMs: Date.UTC(2026, 10, 28, 12) };

/** Record, what is in it, and when its envelope says that it was written. */
const cases: readonly (readonly [string, string, string | null])[] = [
  // None.
  ['a line of some log', 'a line of some log', null],
  ['{"ts":1,"host":"a.example"}', '{"ts":1,"host":"a.example"}', null],
  ['', '', null],
  // RFC 3164, with and without priority, year, host.
  ['<30>Nov 27 10:00:00 gw dnsmasq[812]: started', 'dnsmasq[812]: started', '2026-11-27T09:00:00.000Z'],
  ['Nov  7 10:00:00 gw dnsmasq[812]: started', 'dnsmasq[812]: started', '2026-11-07T09:00:00.000Z'],
  ['Nov 27 10:00:00 dnsmasq[812]: started', 'dnsmasq[812]: started', '2026-11-27T09:00:00.000Z'],
  ['Jul 27 10:00:00 2024 fw kernel: IN=eth0', 'kernel: IN=eth0', '2024-07-27T08:00:00.000Z'],
  ['Dec 31 23:59:59 gw app: x', 'app: x', '2025-12-31T22:59:59.000Z'],
  ['Feb 29 01:00:00 gw app: x', 'app: x', '2024-02-29T00:00:00.000Z'],
  ['<134>Nov 27 10:00:00 fw CEF:0|a|b|c|d|e|5|x=1', 'CEF:0|a|b|c|d|e|5|x=1', '2026-11-27T09:00:00.000Z'],
  // RFC 5424: the application stands as a tag.
  ['<134>1 2026-11-27T10:00:00.5Z host squid 812 - - GET /', 'squid: GET /', '2026-11-27T10:00:00.500Z'],
  ['1 2026-11-27T10:00:00+02:00 host - - - - text', 'text', '2026-11-27T08:00:00.000Z'],
  ['<134>1 2026-11-27T10:00:00Z host app 1 id [a@1 b="c"][d@1 e="f g"] text', 'app: text', '2026-11-27T10:00:00.000Z'],
  ['<134>1 2026-11-27T10:00:00Z host app 1 id - \uFEFFtext', 'app: text', '2026-11-27T10:00:00.000Z'],
  ['<134>1 - host app 1 id - text', 'app: text', null],
  ['<134>1 2026-11-27T10:00:00Z host app 1 id [a@1 b="c\\]d"] text', 'app: text', '2026-11-27T10:00:00.000Z'],
  // Structured data that is the whole record is the message, and so are brackets that are none.
  [
    '<134>1 2026-11-27T10:00:00Z host app - Log [F@1 src="10.0.0.1"]',
    'app: [F@1 src="10.0.0.1"]',
    '2026-11-27T10:00:00.000Z',
  ],
  ['<134>1 2026-11-27T10:00:00Z host - - - - 1,2026', '1,2026', '2026-11-27T10:00:00.000Z'],
  // What stands in the place of structured data and is none is the message.
  [
    '<134>1 2026-11-27T10:00:00Z host app 1 id [action:"Drop"; n:"1"]',
    'app: [action:"Drop"; n:"1"]',
    '2026-11-27T10:00:00.000Z',
  ],
  // A syslog daemon with ISO times.
  ['2026-11-27T10:00:00.25+01:00 gw named[812]: zone', 'named[812]: zone', '2026-11-27T09:00:00.250Z'],
  // A log line that only starts with such a time is none.
  ['2026-11-27T10:00:00Z INFO started', '2026-11-27T10:00:00Z INFO started', null],
  // Containers.
  ['2026-11-27T10:00:00.123456789Z stdout F a line', 'a line', '2026-11-27T10:00:00.123Z'],
  ['2026-11-27T10:00:00.123456789+01:00 stderr F ', '', '2026-11-27T09:00:00.123Z'],
  ['{"log":"a line\\n","stream":"stdout","time":"2026-11-27T10:00:00.5Z"}', 'a line', '2026-11-27T10:00:00.500Z'],
  // CloudWatch and Splunk.
  ['{"id":"1","timestamp":1795773601277,"message":"2 1 eni-0 x\\n"}', '2 1 eni-0 x', '2026-11-27T10:00:01.277Z'],
  ['{"time":1795773601.5,"host":"h","event":{"a":1}}', '{"a":1}', '2026-11-27T10:00:01.500Z'],
  ['{"sourcetype":"squid","event":"a line"}', 'a line', null],
  // A record with a message and much else is a log of its own.
  [
    '{"timestamp":"2026-11-27T10:00:00Z","message":"m","a":1,"b":2,"c":3,"d":4}',
    '{"timestamp":"2026-11-27T10:00:00Z","message":"m","a":1,"b":2,"c":3,"d":4}',
    null,
  ],
  // A line end that rsyslog wrote out.
  ['a line#012', 'a line', null],
  ['a line#015', 'a line', null],
  // In each other: the outermost time counts, since the inner clock is the sender's.
  [
    '2026-11-27T10:00:01Z stdout F <30>Nov 27 10:00:00 gw dnsmasq[812]: started',
    'dnsmasq[812]: started',
    '2026-11-27T10:00:01.000Z',
  ],
  [
    '{"log":"{\\"time\\":1795773601,\\"host\\":\\"h\\",\\"event\\":\\"a line\\"}\\n","stream":"stdout","time":"2026-11-27T10:00:00Z"}',
    'a line',
    '2026-11-27T10:00:00.000Z',
  ],
  // Without a time outside, the inner one counts.
  ['{"sourcetype":"x","event":"<30>Nov 27 10:00:00 gw app: x"}', 'app: x', '2026-11-27T09:00:00.000Z'],
];

test('a record is taken out of its envelopes, with the time of the outermost', () => {
  for (const [record, inner, time] of cases) {
    const { text, receivedMs } = peelEnvelopes(record, options);
    assert.equal(text, inner, record);
    assert.equal(Number.isNaN(receivedMs) ? null : new Date(receivedMs).toISOString(), time, record);
  }
});

test('envelopes within envelopes come to an end', () => {
  let record = 'a line';
  for (let depth = 0; depth < 6; depth++) record = `2026-11-27T10:00:00Z stdout F ${record}`;
  assert.equal(
    peelEnvelopes(record, options).text,
    '2026-11-27T10:00:00Z stdout F 2026-11-27T10:00:00Z stdout F a line',
  );
});

test('no record makes it throw, and none grows', () => {
  const written = fc.oneof(fc.string(), fc.constantFrom(...cases.map(([record]) => record)));
  fc.assert(
    fc.property(written, fc.nat(60), fc.string({ maxLength: 4 }), (record, at, put) => {
      const broken = record.slice(0, at) + put + record.slice(at + put.length);
      const { text, receivedMs } = peelEnvelopes(broken, options);
      assert.equal(typeof receivedMs, 'number');
      // Structured syslog puts the application before the text, with a colon for a blank.
      assert.ok(text.length <= broken.length, broken);
    }),
    { numRuns: 500 },
  );
});
