import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const { fixture, line, flow, counts } = fixtureLines('umbrella', 'umbrella.csv');

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['umbrella'],
  );
  assert.deepEqual(counts(), {
    header: 1,
    taken: 14,
    no_destination: 1,
    bad_time: 1,
    bad_number: 1,
    bad_name: 1,
    bad_fields: 1,
    other_format: 1,
  });
});

test('a DNS record has a question and never an answer', () => {
  assert.deepEqual(line(2).answers, [
    {
      timeMs: fixtureTime('10:00:00'),
      client: '10.90.0.11',
      name: 'api.example.com.',
      type: 'A',
      code: 'NOERROR',
      addresses: null,
      aliases: [],
      isDenied: false,
      resolver: null,
    },
  ]);
});

test('times are UTC whatever zone was named', () => {
  const there = line(2, { timezone: 'America/New_York' });
  assert.equal(there.answers[0]?.timeMs, fixtureTime('10:00:00'));
});

test('without an internal address the network is the client, and a blocked question is denied', () => {
  const [blocked] = line(4).answers;
  assert.deepEqual([blocked?.client, blocked?.isDenied], ['198.51.100.9', true]);
  assert.equal(line(6).answers[0]?.isDenied, false, 'proxied is let through');
});

test('types and codes are read with more columns and with fewer', () => {
  assert.deepEqual(
    [3, 5, 6, 7, 8].map((number) => [line(number).answers[0]?.type, line(number).answers[0]?.code]),
    [
      ['AAAA', 'NOERROR'],
      ['HTTPS', 'NXDOMAIN'],
      ['A', 'NOERROR'],
      ['257', 'SERVFAIL'],
      ['PTR', 'NOERROR'],
    ],
  );
});

test('commas and quotes in identities do not shift the columns', () => {
  assert.equal(line(20).answers[0]?.name, 'quoted.example.com.');
  assert.equal(line(20).answers[0]?.client, '10.90.0.13');
});

test('a proxy record has the size of the request going up and that of the response coming down', () => {
  assert.deepEqual(line(13).flows, [
    {
      startMs: fixtureTime('10:01:00'),
      endMs: fixtureTime('10:01:00'),
      client: '10.90.0.21',
      user: 'laptop-1',
      service: '',
      address: '203.0.113.50',
      name: 'www.example.org',
      nameKind: 'url',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: 562,
      bytesDown: 1489,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    },
  ]);
});

test('a blocked page is denied, and sizes that are not there are unknown', () => {
  const { client, port, bytesUp, bytesDown, isDenied } = flow(14);
  assert.deepEqual([client, port, bytesUp, bytesDown, isDenied], ['198.51.100.9', 8080, -1, -1, true]);
});

test('a blank before a quote is no part of the field', () => {
  assert.deepEqual([flow(16).address, flow(16).bytesUp, flow(16).bytesDown], ['203.0.113.52', 10, 20]);
});

test('what cannot be read is refused by its reason', () => {
  assert.deepEqual(
    [11, 12, 17, 18, 19, 21].flatMap((number) => line(number).outcomes),
    ['no_destination', 'bad_time', 'bad_number', 'bad_name', 'bad_fields', 'other_format'],
  );
});

test('no line makes the parser throw', () => assertParserNeverThrows('umbrella', fixture));
