import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { anyName, dnsBytes, dnsHeader, nameBytes } from '../../../test/support/dns-messages.ts';
import { bareMessage } from './bare-message.ts';
import { type DnsMessage, dnsTypes, rcodes } from './message.ts';
import { readMessage } from './read-message.ts';
import { QueryView, readQuery } from './read-query.ts';
import { type ErrorReply, writeError } from './write-error.ts';

const into = new Uint8Array(512);
const denied: ErrorReply = {
  rcode: rcodes.nxDomain,
  ede: { code: 15, text: 'no rule allows `a.example`' },
  cookie: null,
  soa: { zone: '', minimumSeconds: 30 },
  into,
  isTruncated: false,
};
const opt = [0, 0, 41, 4, 0xd0, 0, 0, 0x80, 0, 0, 0];

function asking(name: string, hasEdns: boolean, flags = 0x0110): Uint8Array {
  return dnsBytes(dnsHeader(flags, [1, 0, 0, hasEdns ? 1 : 0]), nameBytes(name), 0, 28, 0, 1, hasEdns ? opt : []);
}

function deny(query: Uint8Array, change: Partial<ErrorReply> = {}): { message: DnsMessage; bytes: Uint8Array } {
  const view = new QueryView();
  readQuery(query, query.length, view);
  into.fill(0xee);
  const bytes = into.subarray(0, writeError(view, query, { ...denied, ...change }));
  const read = readMessage(bytes);
  assert.ok(read.ok, JSON.stringify(read));
  return { message: read.value, bytes };
}

const soaData = (zone: string): Uint8Array =>
  dnsBytes(zone, 'nobody.invalid', [0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0, 4, 0xb0, 0, 9, 0x3a, 0x80, 0, 0, 0, 30]);

test('a denial says why, and for how long it may be kept', () => {
  const { message } = deny(asking('A.Example', true));
  assert.deepEqual(message, {
    ...bareMessage('A.Example', 28),
    id: 0x1234,
    checkingDisabled: true,
    rcode: 3,
    authorities: [{ name: '', type: dnsTypes.soa, class: 1, ttl: 30, data: soaData('') }],
    additionals: [],
    edns: {
      payloadBytes: 1232,
      version: 0,
      isDnssecOk: false,
      options: [{ code: 15, data: dnsBytes(0, 15, Buffer.from('no rule allows `a.example`')) }],
    },
  });
});

test('a client without EDNS gets none', () => {
  const { message } = deny(asking('a.example', false), { rcode: rcodes.noError });
  assert.deepEqual([message.edns, message.rcode, message.authorities.length], [null, 0, 1]);
});

test('the SOA has the name of its zone', () => {
  const rows = [
    ['a.b.example', 'b.example', 'b.example'],
    ['a.b.example', 'A.b.example', 'a.b.example'],
    ['a\\.b.example', 'example', 'example'],
    ['a.b.example', 'policy.invalid', 'policy.invalid'],
    ['a.b.example', '', ''],
    ['', '', ''],
    ['', 'example', 'example'],
  ] as const;
  for (const [name, zone, spelled] of rows) {
    const { message } = deny(asking(name, true), { soa: { zone, minimumSeconds: 30 } });
    const expected = { name: spelled, type: dnsTypes.soa, class: 1, ttl: 30, data: soaData(spelled) };
    assert.deepEqual(message.authorities, [expected], `${name} in ${zone}`);
  }
  assert.deepEqual(
    deny(asking('a.example', true), { soa: { zone: 'a..b', minimumSeconds: 30 } }).message.authorities,
    [],
  );
});

test('dns-packet reads a denial', () => {
  const { bytes } = deny(asking('a.example', true), { soa: { zone: 'example', minimumSeconds: 5 } });
  const packet = decode(Buffer.from(bytes));
  const [soa] = packet.authorities ?? [];
  assert.ok(soa?.type === 'SOA');
  assert.deepEqual([soa.name, soa.ttl, soa.data.mname, soa.data.rname], ['example', 5, 'example', 'nobody.invalid']);
  assert.deepEqual([soa.data.minimum, (packet as { rcode?: string }).rcode], [5, 'NXDOMAIN']);
});

test('a code that needs EDNS is SERVFAIL without', () => {
  assert.equal(deny(asking('a.example', true), { rcode: rcodes.badVers }).message.rcode, rcodes.badVers);
  assert.equal(deny(asking('a.example', false), { rcode: rcodes.badVers }).message.rcode, rcodes.servFail);
});

test('what could not be read is answered without a question', () => {
  const rows: readonly (readonly [string, Uint8Array, number])[] = [
    ['an update', dnsBytes(dnsHeader(0x2800, [1, 0, 0, 0]), 1, 1), 5],
    ['a broken name', dnsBytes(dnsHeader(0, [1, 0, 0, 0]), 0xc0, 12, 0, 1, 0, 1), 0],
    ['two questions', dnsBytes(dnsHeader(0, [2, 0, 0, 0])), 0],
  ];
  for (const [what, query, opcode] of rows) {
    const { message, bytes } = deny(query, { rcode: rcodes.formErr, soa: null });
    assert.deepEqual([bytes.length, message.question, message.opcode, message.rcode], [12, null, opcode, 1], what);
  }
  assert.equal(deny(dnsBytes(dnsHeader(0, [0, 0, 0, 0]))).message.authorities[0]?.name, '');
});

test('a client can be told to ask again by TCP', () => {
  const { message } = deny(asking('a.example', true), {
    rcode: rcodes.noError,
    soa: null,
    ede: null,
    isTruncated: true,
  });
  assert.deepEqual([message.isTruncated, message.rcode, message.edns?.options], [true, 0, []]);
});

test('a reply without an answer is never longer than 512 bytes, and its text is whole characters', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 400 });
  fc.assert(
    fc.property(anyName, anyName, text, fc.boolean(), (name, zone, spoken, hasEdns) => {
      const change = { soa: { zone, minimumSeconds: 30 }, ede: { code: 17, text: spoken } };
      const { message, bytes } = deny(asking(name, hasEdns), change);
      assert.ok(bytes.length <= 512);
      assert.equal(message.question?.name, name);
      if (!hasEdns) return;
      const [option] = message.edns?.options ?? [];
      assert.ok(option !== undefined && option.data.length <= 257);
      const said = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(option.data.subarray(2));
      assert.ok(spoken.toWellFormed().startsWith(said));
    }),
  );
});

test('the longest name leaves no room for a foreign zone', () => {
  const name = (letter: string): string =>
    `${[letter, letter, letter].map((one) => one.repeat(63)).join('.')}.${'z'.repeat(61)}`;
  const { message, bytes } = deny(asking(name('a'), true), { soa: { zone: name('b'), minimumSeconds: 30 } });
  assert.deepEqual([message.authorities, bytes.length <= 512], [[], true]);
  assert.equal(
    deny(asking(name('a'), true), { soa: { zone: name('a'), minimumSeconds: 30 } }).message.authorities.length,
    1,
  );
});

test('a cookie goes out before the error, which gets what room is left', () => {
  const cookie = Uint8Array.from({ length: 24 }, (_, at) => at);
  const { message } = deny(asking('a.example', true), { cookie });
  const data = dnsBytes(0, 15, Buffer.from('no rule allows `a.example`'));
  assert.deepEqual(message.edns?.options, [
    { code: 10, data: Uint8Array.from(cookie) },
    { code: 15, data },
  ]);
  assert.equal(deny(asking('a.example', false), { cookie }).message.edns, null);
  const name = `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(61)}`;
  const long = { cookie, ede: { code: 15, text: 'x'.repeat(255) }, soa: { zone: name, minimumSeconds: 30 } };
  const { message: full, bytes } = deny(asking(name, true), long);
  assert.equal(bytes.length, 512);
  assert.deepEqual([full.authorities.length, full.edns?.options.map(({ code }) => code)], [1, [10, 15]]);
});
