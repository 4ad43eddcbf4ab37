import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rpzOf } from '../../../test/support/rpz-fixture.ts';
import { type IpAddress, parseIpAddress } from '../../destination/index.ts';
import { type DnsRecord, dnsTypes, readPlainName } from '../../wire/index.ts';
import { readZoneRecords } from '../zones/zone-reader.ts';
import { NameTable } from './name-table.ts';
import { openRpz, type RpzMatch } from './open-rpz.ts';
import { localDataOf, type RpzAction } from './rpz-action.ts';
import { RpzZoneBuilder } from './rpz-zone.ts';

function addressOf(text: string): IpAddress {
  const address = parseIpAddress(text);
  assert.ok(address.ok, text);
  return address.value;
}

/** An action in a line: its kind, and the values of its records. */
function told(action: RpzAction): string {
  if (action.kind === 'rewrite') return `rewrite ${action.below} ${action.ttlSeconds}`;
  if (action.kind !== 'local_data') return action.kind;
  return ['local_data', ...action.records.map((record) => `${record.type} ${dataText(record)}`)].join(', ');
}

function dataText({ type, data }: Pick<DnsRecord, 'type' | 'data'>): string {
  return type === dnsTypes.cname ? (readPlainName(data, 0)?.text ?? '?') : data.join('.');
}

function toldMatch(match: RpzMatch | null): string {
  return match === null ? 'none' : `${match.zone} ${match.kind} ${match.trigger}: ${told(match.action)}`;
}

test('each action is read from its spelling', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['x CNAME .', 'nxdomain'],
    ['x CNAME *.', 'nodata'],
    ['x CNAME rpz-passthru.', 'passthru'],
    ['x CNAME RPZ-PassThru.', 'passthru'],
    ['x CNAME x.', 'passthru'],
    ['X CNAME x.', 'passthru'],
    ['x CNAME rpz-drop.', 'drop'],
    ['x CNAME rpz-tcp-only.', 'tcp_only'],
    ['x CNAME garden.example.', 'local_data, 5 garden.example'],
    ['x 60 CNAME *.garden.example.', 'rewrite garden.example 60'],
    ['x A 192.0.2.1\nx A 192.0.2.2\nx TXT a', 'local_data, 1 192.0.2.1, 1 192.0.2.2, 16 1.97'],
    ['x A 192.0.2.1\nx A 192.0.2.1', 'local_data, 1 192.0.2.1'],
    ['x CNAME .\nx CNAME .', 'nxdomain'],
    // The first record holds where two contradict each other.
    ['x CNAME .\nx A 192.0.2.1', 'nxdomain'],
    ['x A 192.0.2.1\nx CNAME .', 'local_data, 1 192.0.2.1'],
    ['x CNAME y.example.\nx A 192.0.2.1', 'local_data, 5 y.example'],
  ];
  for (const [text, expected] of rows) {
    const rule = rpzOf('rpz.example', text).findName('x');
    assert.equal(rule === null ? 'none' : told(rule.action), expected, text);
  }
});

test('names meet themselves and the nearest wildcard above them', () => {
  const zone = rpzOf(
    'rpz.example',
    'bad.example CNAME .',
    '*.bad.example CNAME *.',
    '*.below.example CNAME .',
    'good.bad.example CNAME rpz-passthru.',
    '*.deep.bad.example CNAME rpz-drop.',
    'only.example CNAME .',
    '*.only2.example CNAME *.only2.example.',
    'a\\.b.example CNAME .',
    '*.b.example CNAME rpz-drop.',
  );
  const rows: readonly (readonly [string, string])[] = [
    ['bad.example', 'bad.example nxdomain'],
    ['x.bad.example', '*.bad.example nodata'],
    ['x.y.bad.example', '*.bad.example nodata'],
    ['good.bad.example', 'good.bad.example passthru'],
    ['x.good.bad.example', '*.bad.example nodata'],
    ['deep.bad.example', '*.bad.example nodata'],
    ['x.deep.bad.example', '*.deep.bad.example drop'],
    ['below.example', 'none'],
    ['x.below.example', '*.below.example nxdomain'],
    ['x.only.example', 'none'],
    ['xonly.example', 'none'],
    ['x.only2.example', '*.only2.example passthru'],
    ['a\\.b.example', 'a\\.b.example nxdomain'],
    ['a.b.example', '*.b.example drop'],
    ['example', 'none'],
    ['', 'none'],
  ];
  for (const [name, expected] of rows) {
    const rule = zone.findName(name);
    assert.equal(rule === null ? 'none' : `${rule.trigger} ${told(rule.action)}`, expected, name);
  }
});

test('a star alone is every name but the root', () => {
  const zone = rpzOf('rpz.example', '* CNAME .', 'ok.example CNAME rpz-passthru.');
  assert.equal(zone.findName('x.example')?.trigger, '*');
  assert.equal(zone.findName('example')?.trigger, '*');
  assert.equal(zone.findName('ok.example')?.action.kind, 'passthru');
  assert.equal(zone.findName(''), null);
});

test('addresses meet the longest block that holds them', () => {
  const zone = rpzOf(
    'rpz.example',
    '24.0.2.0.192.rpz-ip CNAME .',
    '32.7.2.0.192.rpz-ip CNAME rpz-passthru.',
    '25.128.2.0.192.rpz-ip A 198.51.100.1',
    '128.1.zz.db8.2001.rpz-ip CNAME rpz-drop.',
    '48.zz.1.db8.2001.rpz-ip CNAME *.',
    '128.1.zz.rpz-ip CNAME .',
    '64.0.0.0.0.4.3.2.1.rpz-ip CNAME .',
    '16.0.0.51.198.rpz-client-ip CNAME .',
    '32.9.2.0.192.rpz-ip CNAME 32.9.2.0.192.rpz-ip.',
  );
  const rows: readonly (readonly [string, string])[] = [
    ['192.0.2.1', '24.0.2.0.192.rpz-ip nxdomain'],
    ['192.0.2.7', '32.7.2.0.192.rpz-ip passthru'],
    ['192.0.2.9', '32.9.2.0.192.rpz-ip passthru'],
    ['192.0.2.129', '25.128.2.0.192.rpz-ip local_data, 1 198.51.100.1'],
    ['192.0.3.1', 'none'],
    ['198.51.0.1', 'none'],
    ['2001:db8::1', '128.1.zz.db8.2001.rpz-ip drop'],
    ['2001:db8::2', 'none'],
    ['2001:db8:1:9::2', '48.zz.1.db8.2001.rpz-ip nodata'],
    ['::1', '128.1.zz.rpz-ip nxdomain'],
    ['1:2:3:4:5::', '64.0.0.0.0.4.3.2.1.rpz-ip nxdomain'],
    ['::ffff:192.0.2.1', 'none'],
  ];
  for (const [address, expected] of rows) {
    const rule = zone.findAddress(addressOf(address));
    assert.equal(rule === null ? 'none' : `${rule.trigger} ${told(rule.action)}`, expected, address);
  }
  assert.equal(zone.findClient(addressOf('198.51.0.1'))?.trigger, '16.0.0.51.198.rpz-client-ip');
  assert.equal(zone.findClient(addressOf('192.0.2.1')), null);
  assert.deepEqual(zone.rules, { qname: 0, ip: 8, client_ip: 1 });
});

test('what does nothing here is counted by kind, with examples', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['ns.bad.example.rpz-nsdname CNAME .', 'nsdname ns.bad.example.rpz-nsdname'],
    ['32.1.2.0.192.rpz-nsip CNAME .', 'nsip 32.1.2.0.192.rpz-nsip'],
    ['x.rpz-new CNAME .', 'unknown_trigger x.rpz-new'],
    ['rpz-ip CNAME .', 'malformed_address rpz-ip'],
    ['24.1.2.0.192.rpz-ip CNAME .', 'malformed_address 24.1.2.0.192.rpz-ip'],
    ['33.1.2.0.192.rpz-ip CNAME .', 'malformed_address 33.1.2.0.192.rpz-ip'],
    ['0.0.0.0.0.rpz-ip CNAME .', 'malformed_address 0.0.0.0.0.rpz-ip'],
    ['08.0.0.0.10.rpz-ip CNAME .', 'malformed_address 08.0.0.0.10.rpz-ip'],
    ['32.256.2.0.192.rpz-client-ip CNAME .', 'malformed_address 32.256.2.0.192.rpz-client-ip'],
    ['32.2.0.192.rpz-ip CNAME .', 'malformed_address 32.2.0.192.rpz-ip'],
    ['128.zz.1.zz.2001.rpz-ip CNAME .', 'malformed_address 128.zz.1.zz.2001.rpz-ip'],
    ['129.zz.2001.rpz-ip CNAME .', 'malformed_address 129.zz.2001.rpz-ip'],
    ['x CNAME rpz-new.', 'unknown_action x'],
    ['x CNAME rpz-passthru', 'unknown_action x'],
    ['x DNAME y.', 'record_type x'],
    ['x NS y.', 'record_type x'],
    ['x RRSIG \\# 1 00', 'record_type x'],
    ['x CNAME .\nx A 192.0.2.1', 'conflicting_records x'],
    ['@ A 192.0.2.1', 'at_apex rpz.example'],
    ['bad.example. CNAME .', 'out_of_zone bad.example'],
    [Array.from({ length: 65 }, (_, index) => `x A 192.0.2.${index}`).join('\n'), 'too_many_records x'],
  ];
  for (const [text, expected] of rows) {
    const refused = rpzOf('rpz.example', text).unsupported;
    const lines = refused.map(({ kind, examples }) => `${kind} ${examples.join(' ')}`);
    assert.deepEqual(lines, [expected], text);
    assert.equal(refused[0]?.count, 1, text);
  }
  const many = rpzOf('rpz.example', ...Array.from({ length: 9 }, (_, index) => `n${index}.rpz-nsdname CNAME .`));
  assert.equal(many.unsupported[0]?.count, 9);
  assert.equal(many.unsupported[0]?.examples.length, 5);
});

test('local data is owned by the asked name', () => {
  const zone = rpzOf(
    'rpz.example',
    'x A 192.0.2.1',
    'x AAAA 2001:db8::1',
    'c CNAME garden.example.',
    '*.w CNAME *.garden.example.',
    'n CNAME .',
  );
  const rows: readonly (readonly [string, number, readonly string[]])[] = [
    ['x', dnsTypes.a, ['x 1 192.0.2.1']],
    ['x', dnsTypes.txt, []],
    ['c', dnsTypes.aaaa, ['c 5 garden.example']],
    ['a.b.w', dnsTypes.a, ['a.b.w 5 a.b.w.garden.example']],
    [`${'l'.repeat(60)}.`.repeat(4).concat('w'), dnsTypes.a, []],
    ['n', dnsTypes.a, []],
  ];
  for (const [name, type, expected] of rows) {
    const rule = zone.findName(name);
    assert.ok(rule !== null, name);
    const records = localDataOf(rule.action, name, type);
    assert.deepEqual(
      records.map((record) => `${record.name} ${record.type} ${dataText(record)}`),
      expected,
    );
    assert.ok(records.every((record) => record.ttl === 30 && record.class === 1));
  }
});

test('the first zone with a rule decides, and who asks comes before the name', () => {
  const index = openRpz([
    rpzOf(
      'own.rpz',
      'ok.example CNAME rpz-passthru.',
      '32.5.2.0.192.rpz-client-ip CNAME .',
      '32.1.100.51.198.rpz-ip CNAME .',
    ),
    rpzOf(
      'feed.rpz',
      'ok.example CNAME .',
      'bad.example CNAME .',
      '*.bad.example A 192.0.2.99',
      '32.6.2.0.192.rpz-client-ip CNAME rpz-passthru.',
      '24.0.100.51.198.rpz-ip CNAME rpz-drop.',
    ),
    rpzOf('last.rpz', '* CNAME *.', '24.0.2.0.192.rpz-client-ip CNAME rpz-tcp-only.', '16.0.0.51.198.rpz-ip CNAME .'),
  ]);
  const rows: readonly (readonly [string, string | null, string])[] = [
    ['ok.example', null, 'own.rpz qname ok.example: passthru'],
    ['ok.example', '192.0.2.5', 'own.rpz client_ip 32.5.2.0.192.rpz-client-ip: nxdomain'],
    ['ok.example', '192.0.2.6', 'own.rpz qname ok.example: passthru'],
    ['bad.example', '192.0.2.6', 'feed.rpz client_ip 32.6.2.0.192.rpz-client-ip: passthru'],
    ['bad.example', '192.0.2.7', 'feed.rpz qname bad.example: nxdomain'],
    ['x.bad.example', null, 'feed.rpz qname *.bad.example: local_data, 1 192.0.2.99'],
    ['www.example', '192.0.2.7', 'last.rpz client_ip 24.0.2.0.192.rpz-client-ip: tcp_only'],
    ['www.example', '203.0.113.1', 'last.rpz qname *: nodata'],
  ];
  for (const [name, client, expected] of rows) {
    const match = index.matchQuestion(name, client === null ? null : addressOf(client));
    assert.equal(toldMatch(match), expected, `${name} ${client}`);
  }
  assert.equal(toldMatch(index.matchName('bad.example')), 'feed.rpz qname bad.example: nxdomain');
  assert.equal(toldMatch(index.matchAddress(addressOf('198.51.100.1'))), 'own.rpz ip 32.1.100.51.198.rpz-ip: nxdomain');
  assert.equal(toldMatch(index.matchAddress(addressOf('198.51.100.2'))), 'feed.rpz ip 24.0.100.51.198.rpz-ip: drop');
  assert.equal(toldMatch(index.matchAddress(addressOf('203.0.113.1'))), 'none');
});

test('PASSTHRU ends the search in its own zone and in later ones, not in earlier ones', () => {
  const index = openRpz([
    rpzOf('first.rpz', '32.1.2.0.192.rpz-ip CNAME .', 'cdn.example CNAME .'),
    rpzOf('second.rpz', 'ok.example CNAME rpz-passthru.', '32.2.2.0.192.rpz-ip CNAME .', 'two.example CNAME .'),
    rpzOf('third.rpz', '32.3.2.0.192.rpz-ip CNAME .', 'three.example CNAME .'),
  ]);
  const passed = index.matchQuestion('ok.example', null);
  assert.equal(passed?.action.kind, 'passthru');
  const rows: readonly (readonly [string, string])[] = [
    ['192.0.2.1', 'first.rpz'],
    ['192.0.2.2', 'none'],
    ['192.0.2.3', 'none'],
  ];
  for (const [address, zone] of rows)
    assert.equal(index.matchAddress(addressOf(address), passed)?.zone ?? 'none', zone);
  assert.equal(index.matchName('cdn.example', passed)?.zone, 'first.rpz');
  assert.equal(index.matchName('two.example', passed), null);
  assert.equal(index.matchName('three.example', passed), null);
  assert.equal(index.matchName('three.example')?.zone, 'third.rpz');
});

test('a zone without a SOA is none, and its SOA says its origin', () => {
  const cut = new RpzZoneBuilder('rpz.example');
  assert.equal(cut.finish(), null);
  const zone = rpzOf('rpz.example', '$ORIGIN rpz.example.', 'x CNAME .');
  assert.equal(zone.name, 'rpz.example');
  assert.equal(zone.serial, 1);
  const named = new RpzZoneBuilder('file-name');
  readZoneRecords(['$ORIGIN feed.example.', '@ 5 SOA . . 1 2 3 4 5', 'x CNAME .'], {
    origin: 'file-name',
    path: 'rpz',
    onRecord: (record) => named.add(record),
  });
  const other = named.finish();
  assert.equal(other?.name, 'feed.example');
  assert.equal(other?.findName('x')?.action.kind, 'nxdomain');
});

test('the table of names agrees with a map of them', () => {
  const label = fc.constantFrom('a', 'b', 'c', '*', 'a\\.b', '\\\\', 'xyz');
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat(9)), { maxLength: 60 }), fc.array(name), (entries, asked) => {
      const table = new NameTable();
      const map = new Map(entries);
      for (const [key, value] of entries) table.set(key, value);
      assert.equal(table.size, map.size);
      table.seal();
      for (const one of [...asked, ...map.keys()]) {
        const labels = one.match(/(?:\\.|[^.\\])+/g) ?? [];
        const above = labels.map((_, at) => ['*', ...labels.slice(at + 1)].join('.'));
        const key = [one, ...above].find((candidate) => map.has(candidate));
        const expected = key === undefined ? null : { key, value: map.get(key) ?? -1 };
        assert.deepEqual(table.match(one), expected, one);
        assert.equal(table.get(one), map.get(one) ?? null, one);
      }
    }),
  );
});

test('a hundred thousand names take less than 60 bytes each', (context) => {
  const builder = new RpzZoneBuilder('rpz.example');
  const lines = ['@ 5 SOA . . 1 2 3 4 5'];
  for (let index = 0; index < 100_000; index += 1) lines.push(`host-${index}.feed${index % 977}.example CNAME .`);
  const read = readZoneRecords(lines, {
    origin: 'rpz.example',
    path: 'rpz',
    onRecord: (record) => builder.add(record),
  });
  assert.ok(read.ok);
  const zone = builder.finish();
  assert.equal(zone?.rules.qname, 100_000);
  const bytes = (zone?.nameBytes ?? Number.POSITIVE_INFINITY) / 100_000;
  context.diagnostic(`${bytes.toFixed(1)} bytes a name`);
  assert.ok(bytes < 60, `${bytes} bytes a name`);
  assert.equal(zone?.findName('host-99999.feed345.example')?.action.kind, 'nxdomain');
  assert.equal(zone?.findName('host-99999.feed346.example'), null);
});
