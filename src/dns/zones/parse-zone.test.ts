import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, encode } from 'dns-packet';
import fc from 'fast-check';
import { type DnsRecord, dnsTypes, readPlainName } from '../../wire/index.ts';
import { parseZone } from './parse-zone.ts';
import { readZoneRecords } from './zone-reader.ts';

const soaLine = '@ 300 IN SOA ns.corp.example. admin.corp.example. ( 7 1h 15m 2w 60 )';
const where = { origin: 'corp.example', path: 'corp.zone' };

/** The records of lines below `corp.example`, without the SOA that stands first. */
function recordsOf(...lines: readonly string[]): readonly DnsRecord[] {
  const zone = parseZone([soaLine, ...lines].join('\n'), where);
  assert.ok(zone.ok, zone.ok ? '' : zone.fault.message);
  return zone.value.records.slice(1);
}

function hexOf(data: Uint8Array | undefined): string {
  return Buffer.from(data ?? []).toString('hex');
}

function nameOf(data: Uint8Array | undefined): string | undefined {
  return readPlainName(data ?? new Uint8Array(), 0)?.text;
}

test('a zone has the origin, the serial and the minimum of its SOA', () => {
  const zone = parseZone(`$ORIGIN other.example.\n${soaLine}\n`, where);
  assert.ok(zone.ok);
  assert.equal(zone.value.origin, 'other.example');
  assert.equal(zone.value.serial, 7);
  assert.equal(zone.value.minimumSeconds, 60);
  assert.equal(zone.value.records.length, 1);
});

test('owners are read in every spelling and come out in lower case', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['WWW A 192.0.2.1', 'www.corp.example'],
    ['www.corp.example. A 192.0.2.1', 'www.corp.example'],
    ['@ A 192.0.2.1', 'corp.example'],
    ['*.x A 192.0.2.1', '*.x.corp.example'],
    ['a\\.b A 192.0.2.1', 'a\\.b.corp.example'],
    ['a\\\\ A 192.0.2.1', 'a\\\\.corp.example'],
    ['a\\\\.corp.example. A 192.0.2.1', 'a\\\\.corp.example'],
    ['\\065bc A 192.0.2.1', 'abc.corp.example'],
    ['\\x A 192.0.2.1', 'x.corp.example'],
    ['a\\032b A 192.0.2.1', 'a\\032b.corp.example'],
    ['a\\ b A 192.0.2.1', 'a\\032b.corp.example'],
    ['ä A 192.0.2.1', '\\195\\164.corp.example'],
    ['\\@ A 192.0.2.1', '@.corp.example'],
  ];
  for (const [line, name] of rows) assert.equal(recordsOf(line)[0]?.name, name, line);
});

test('an owner left out is the one before, and relative names follow the origin', () => {
  const records = recordsOf('www A 192.0.2.1', '  A 192.0.2.2', '$ORIGIN Sub', 'a CNAME b', '\tTXT x', 'c CNAME @');
  assert.deepEqual(
    records.map((record) => record.name),
    ['www.corp.example', 'www.corp.example', 'a.sub.corp.example', 'a.sub.corp.example', 'c.sub.corp.example'],
  );
  assert.equal(nameOf(records[2]?.data), 'b.sub.corp.example');
  assert.equal(nameOf(records[4]?.data), 'sub.corp.example');
});

test('TTL and class stand in either order and units are understood', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['a 90 IN A 192.0.2.1', 90],
    ['a IN 90 A 192.0.2.1', 90],
    ['a in 1h30m A 192.0.2.1', 5400],
    ['a 1W2D A 192.0.2.1', 777_600],
    ['a 0 A 192.0.2.1', 0],
    ['a A 192.0.2.1', 300],
    ['$TTL 2m\na A 192.0.2.1', 120],
    ['$TTL 2m\na 5 A 192.0.2.1\nb A 192.0.2.1', 5],
  ];
  for (const [text, ttl] of rows) assert.equal(recordsOf(text)[0]?.ttl, ttl, text);
  assert.equal(recordsOf('$TTL 2m', 'a 5 A 192.0.2.1', 'b A 192.0.2.1')[1]?.ttl, 120);
  assert.equal(recordsOf('a 5 A 192.0.2.1', 'b A 192.0.2.1')[1]?.ttl, 5);
});

test('a SOA without any TTL takes its minimum', () => {
  const zone = parseZone('@ SOA . . 1 2 3 4 77', where);
  assert.ok(zone.ok);
  assert.equal(zone.value.soa.ttl, 77);
});

test('data of each type is what the wire has', () => {
  const rows: readonly (readonly [string, number, string])[] = [
    ['a A 192.0.2.1', dnsTypes.a, 'c0000201'],
    ['a AAAA 2001:db8::1', dnsTypes.aaaa, '20010db8000000000000000000000001'],
    ['a NS b.', dnsTypes.ns, '016200'],
    ['a CNAME .', dnsTypes.cname, '00'],
    ['a CNAME *.', dnsTypes.cname, '012a00'],
    ['a DNAME b.', dnsTypes.dname, '016200'],
    ['a PTR b.', dnsTypes.ptr, '016200'],
    ['a MX 10 b.', dnsTypes.mx, '000a016200'],
    ['a SRV 1 2 443 b.', dnsTypes.srv, '0001000201bb016200'],
    ['a TXT "x; y" z', dnsTypes.txt, '04783b2079017a'],
    ['a TXT "a\\"b\\010"', dnsTypes.txt, '0461226 20a'.replace(' ', '')],
    ['a TXT ""', dnsTypes.txt, '00'],
    ['a TXT ( "a" ; why\n "b" )', dnsTypes.txt, '01610162'],
    ['a CAA 0 issue "ca.example"', 257, '000569737375656361 2e6578616d706c65'.replace(' ', '')],
    ['a HTTPS \\# 3 000100', dnsTypes.https, '000100'],
    ['a TYPE65 \\# 3 ab cdef', dnsTypes.https, 'abcdef'],
    ['a TYPE1 \\# 4 c0000201', dnsTypes.a, 'c0000201'],
    ['a TYPE1 192.0.2.1', dnsTypes.a, 'c0000201'],
    ['a TYPE65280 \\# 0', 65_280, ''],
    ['a MX \\# 5 000a016200', dnsTypes.mx, '000a016200'],
  ];
  for (const [text, type, hex] of rows) {
    const record = recordsOf(text)[0];
    assert.equal(record?.type, type, text);
    assert.equal(hexOf(record?.data), hex, text);
  }
});

test('data agrees with a second implementation', () => {
  const rows: readonly (readonly [string, Answer])[] = [
    ['a A 192.0.2.1', { type: 'A', name: 'a', data: '192.0.2.1' }],
    ['a AAAA 2001:db8::1:0:0', { type: 'AAAA', name: 'a', data: '2001:db8::1:0:0' }],
    ['a CNAME b.c.example.', { type: 'CNAME', name: 'a', data: 'b.c.example' }],
    ['a MX 10 b', { type: 'MX', name: 'a', data: { preference: 10, exchange: 'b.corp.example' } }],
    ['a SRV 1 2 443 b.', { type: 'SRV', name: 'a', data: { priority: 1, weight: 2, port: 443, target: 'b' } }],
    ['a TXT "one two" three', { type: 'TXT', name: 'a', data: ['one two', 'three'] }],
    [
      'a CAA 128 issue "ca.example"',
      { type: 'CAA', name: 'a', data: { flags: 128, tag: 'issue', value: 'ca.example' } },
    ],
  ];
  for (const [line, answer] of rows) {
    const message = encode({ type: 'response', answers: [answer] });
    // Header, the owner `a`, type, class, TTL, length: 12 + 3 + 10.
    assert.equal(hexOf(recordsOf(line)[0]?.data), message.subarray(25).toString('hex'), line);
  }
});

test('a fault names file and line and says what is meant', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['a A 192.0.2.256', /^corp\.zone:2: A: `192\.0\.2\.256` is not an IPv4 address$/],
    ['\n\na A 2001:db8::1', /^corp\.zone:4: A: .* IPv4/],
    ['a TXT (\n"x"\n"y', /^corp\.zone:2: a quoted string does not end/],
    ['a TXT (\n"x"', /^corp\.zone:2: a `\(` is not closed/],
    ['a TXT x )', /`\)` closes nothing/],
    ['$INCLUDE other.zone', /^corp\.zone:2: `\$INCLUDE` is not followed/],
    ['$GENERATE 1-9 h$ A 192.0.2.$', /`\$GENERATE` is not read/],
    ['$FOO x', /`\$FOO` is not a directive/],
    ['$TTL never', /`never` is not a time/],
    ['$ORIGIN', /takes one word/],
    ['a CH TXT x', /class `CH` is not served/],
    ['a CLASS3 TXT x', /class `CLASS3`/],
    ['a IN', /no type/],
    ['a WHAT 1', /`WHAT` is not a type/],
    ['a TYPE41 \\# 0', /`TYPE41` is not a type/],
    ['a AXFR', /`AXFR` is not a type/],
    ['a HTTPS 1 . alpn=h2', /RFC 3597/],
    ['a TYPE65 \\# 4 abcdef', /needs 4 bytes/],
    ['a A \\# 3 c00002', /not what this type holds/],
    ['a CNAME \\# 2 0561', /not what this type holds/],
    ['a CNAME b c', /`c` stands after the last field/],
    ['a MX 10', /2 fields are expected, 1 were found/],
    ['a MX 70000 b', /0-65535/],
    [`a TXT ${'x'.repeat(256)}`, /longer than 255/],
    ['a TXT \\999', /half an escape/],
    ['a..b A 192.0.2.1', /`a\.\.b` is not a name/],
    ['a.. A 192.0.2.1', /is not a name/],
    ['.a A 192.0.2.1', /is not a name/],
    [`${'x'.repeat(64)} A 192.0.2.1`, /is not a name/],
    [`${'x.'.repeat(127)} A 192.0.2.1`, /^(?!.*is not a name)/],
    [`${'x.'.repeat(128)} A 192.0.2.1`, /is not a name/],
    ['b.other.example. A 192.0.2.1', /lies outside the zone/],
    [soaLine, /more than one SOA/],
    ['a\\', /is not a name|no type/],
  ];
  for (const [text, message] of rows) {
    const zone = parseZone(`${soaLine}\n${text}\n`, where);
    assert.ok(!zone.ok, text);
    assert.match(zone.fault.message, message, text);
  }
});

test('a zone without a SOA, a first record without an owner or a TTL are refused', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /no SOA/],
    ['a 5 A 192.0.2.1', /no SOA/],
    [' 5 A 192.0.2.1', /no owner/],
    ['a A 192.0.2.1', /no TTL/],
  ];
  for (const [text, message] of rows) {
    const zone = parseZone(text, where);
    assert.ok(!zone.ok, text);
    assert.match(zone.fault.message, message, text);
  }
});

test('long lines, many words and many records are refused', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[`a 5 TXT ${'x'.repeat(65_536)}`], /at most 65536 characters/],
    [[`a 5 TXT ${'x '.repeat(9000)}`], /more than 8192 words/],
    [['a 5 TXT ('.repeat(17)], /more than 16 parentheses/],
    [['a 5 TXT 1', 'b 5 TXT 2', 'c 5 TXT 3'], /at most 2 records/],
  ];
  for (const [lines, message] of rows) {
    const read = readZoneRecords(lines, { ...where, maxRecords: 2, onRecord: () => undefined });
    assert.ok(!read.ok);
    assert.match(read.fault.message, message);
  }
});

test('line ends of either kind, and a text that ends without one', () => {
  assert.equal(recordsOf('a A 192.0.2.1\r\nb A 192.0.2.2\r').length, 2);
});

test('parsing never throws, whatever the text', () => {
  const piece = fc.constantFrom(
    ...['a', 'IN', '300', 'A', 'CNAME', 'TXT', 'SOA', 'TYPE9', '\\#', '192.0.2.1', '.', '@', '*.', '(', ')', '"', ';'],
    ...[
      '\\',
      '\\0',
      '\\300',
      '\n',
      ' ',
      '\t',
      '$ORIGIN',
      '$TTL',
      '1h',
      'é',
      '\u{1f600}',
      '\ud800',
      '\0',
      'ab'.repeat(40),
    ],
  );
  const texts = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(' ')),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const zone = parseZone(`${soaLine}\n${text}`, where);
      if (zone.ok) assert.equal(zone.value.serial, 7);
      else assert.match(zone.fault.code, /^zone_/);
    }),
    { numRuns: 1000 },
  );
});
