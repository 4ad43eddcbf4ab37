import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  fixtureNowMs,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat, LogLine } from '../index.ts';

const fixture = readFixture('zeek.log');
const { flows, answers, outcomes } = collectObservations('zeek', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every line of a file of several logs says what became of it', () => {
  const counted = new Map<string, number>();
  for (const outcome of outcomes) counted.set(outcome, (counted.get(outcome) ?? 0) + 1);
  assert.deepEqual(Object.fromEntries(counted), {
    header: 6 * 8 + 1,
    taken: 9 + 7 + 3 + 5 + 1,
    inbound: 1,
    bad_number: 2,
    bad_time: 1,
    bad_fields: 1,
    not_network: 2,
    no_destination: 3,
    challenge: 1,
  });
});

describe('conn.log', () => {
  test('a connection has both directions, start and end', () => {
    assert.deepEqual(flows[0], {
      startMs: nineMs + 913,
      endMs: nineMs + 913 + 84,
      client: '10.8.0.18',
      user: '',
      service: '',
      address: '203.0.113.16',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: 1030,
      bytesDown: 20275,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    });
  });

  test('TLS within HTTP is a tunnel to a proxy', () => {
    assert.deepEqual([flows[1]?.address, flows[1]?.port, flows[1]?.application], ['10.8.0.3', 3128, 'tunnel']);
  });

  test('bytes that were not counted are unknown', () => {
    assert.deepEqual([flows[3]?.bytesUp, flows[3]?.bytesDown, flows[3]?.endMs], [-1, -1, nineMs + 4_000]);
  });

  test('a connection that was joined in the middle is turned around by its ports, and marked so', () => {
    const { client, address, port, bytesUp, bytesDown, initiator, isReply } = flows[4] as CollectedFlow;
    assert.deepEqual(
      [client, address, port, bytesUp, bytesDown, initiator, isReply],
      ['10.8.0.18', '203.0.113.18', 443, 900, 70000, 'ports', false],
    );
    assert.equal(flows[5]?.initiator, 'ports');
  });

  test('type and code of ICMP are no ports, in both versions', () => {
    assert.deepEqual([flows[6]?.protocol, flows[6]?.port, flows[6]?.initiator], [1, 0, 'stated']);
    assert.deepEqual([flows[7]?.protocol, flows[7]?.port, flows[7]?.address], [58, 0, '2001:db8:9::1']);
  });

  test('QUIC is TLS over UDP', () => {
    assert.deepEqual([flows[8]?.protocol, flows[8]?.application], [17, 'tls']);
  });

  test('what is still open is seen, and neither counted nor weighed', () => {
    const open = flows.at(-1);
    assert.deepEqual(
      [open?.address, open?.port, open?.connections, open?.bytesUp, open?.bytesDown],
      ['203.0.113.31', 22, 0, -1, -1],
    );
  });
});

describe('dns.log', () => {
  test('answers are told apart into names of the chain and addresses, each with its TTL', () => {
    assert.deepEqual(answers[0], {
      timeMs: nineMs + 100,
      client: '10.8.0.18',
      name: 'www.example.com',
      type: 'A',
      code: 'NOERROR',
      addresses: [
        { address: '203.0.113.16', ttlSeconds: 60 },
        { address: '203.0.113.26', ttlSeconds: 61 },
      ],
      aliases: ['edge.example.net'],
      isDenied: false,
      resolver: '192.0.2.53',
    });
  });

  test('an empty answer is none, and an answer that was not seen is unknown', () => {
    assert.deepEqual(answers[1]?.addresses, []);
    assert.deepEqual([answers[2]?.code, answers[2]?.addresses], ['NXDOMAIN', []]);
    assert.deepEqual([answers[3]?.code, answers[3]?.addresses], [null, null]);
  });

  test('answers that are no addresses are no names of a chain either', () => {
    assert.deepEqual([answers[4]?.type, answers[4]?.addresses, answers[4]?.aliases], ['TXT', [], []]);
  });

  test('types that came after the version are named, and escaped bytes become characters', () => {
    assert.deepEqual([answers[5]?.type, answers[5]?.aliases], ['HTTPS', ['alias.example.net']]);
    assert.deepEqual([answers[6]?.name, answers[6]?.addresses?.[0]?.address], ['blüte.example', '2001:db8::5']);
  });
});

describe('ssl.log and http.log', () => {
  test('a server name is a sighting that counts no connection', () => {
    assert.deepEqual(sighting('www.example.com'), ['203.0.113.16', 443, 'sni', 'tls', 0, false]);
    assert.equal(flows.find(({ name }) => name === 'dtls.example.net')?.protocol, 17);
  });

  test('behind the port of a proxy the address is not that of the name', () => {
    assert.deepEqual(sighting('api.example.org'), ['', -1, 'sni', 'tls', 0, false]);
  });

  test('a CONNECT tells the name and the port, and is what counts the tunnel', () => {
    const connect = flows.find(({ name, nameKind }) => name === 'api.example.org' && nameKind === 'connect');
    assert.deepEqual(
      [connect?.address, connect?.port, connect?.application, connect?.connections, connect?.client],
      ['', 443, 'tunnel', 1, '10.8.0.18'],
    );
    assert.deepEqual(sighting('bad.example.org'), ['', 443, 'connect', 'tunnel', 1, true]);
  });

  test('an absolute URI is for a proxy, a host header for the server itself', () => {
    assert.deepEqual(sighting('old.example.net'), ['', 80, 'url', 'http', 1, false]);
    assert.deepEqual(sighting('2001:db8::7'), ['', 8081, 'url', 'http', 1, false]);
    assert.deepEqual(sighting('plain.example.com'), ['203.0.113.30', 8000, 'host', 'http', 0, false]);
  });
});

describe('JSON', () => {
  const json = collectObservations('zeek', readFixture('zeek-json.log'));

  test('every record says what became of it', () => {
    assert.deepEqual(json.outcomes, [
      ...Array.from({ length: 8 }, () => 'taken'),
      'not_network',
      'inbound',
      'bad_number',
      'other_format',
      'bad_json',
    ]);
  });

  test('times are seconds, milliseconds or ISO', () => {
    assert.deepEqual(
      json.flows.slice(0, 4).map(({ startMs }) => startMs - nineMs),
      [539, 1_250, 2_250, 3_000],
    );
    assert.equal(json.flows[0]?.endMs, nineMs + 539 + 108_985);
  });

  test('the ends may be written with points, underscores or nested', () => {
    assert.deepEqual(
      json.flows.slice(1, 4).map(({ client, address, port }) => [client, address, port]),
      [
        ['10.8.0.18', '203.0.113.16', 443],
        ['10.8.0.18', '203.0.113.17', 80],
        ['10.8.0.18', '203.0.113.18', 443],
      ],
    );
    assert.deepEqual([json.flows[0]?.bytesUp, json.flows[1]?.bytesUp], [719, 0]);
  });

  test('the log is known by `_path`, or by the fields', () => {
    assert.deepEqual(json.answers[0]?.addresses, [{ address: '203.0.113.16', ttlSeconds: 60 }]);
    assert.deepEqual(json.answers[0]?.aliases, ['edge.example.net']);
    assert.deepEqual(
      json.flows.slice(4).map(({ name, nameKind, connections }) => [name, nameKind, connections]),
      [
        ['www.example.com', 'sni', 0],
        ['www.example.com', 'host', 0],
        ['', 'none', 0],
      ],
    );
  });
});

describe('the header', () => {
  const row = '1795770000.000000\tC1\t10.8.0.18\t50000\t203.0.113.9\t443\ttcp\t5\t6';

  test('a row without any is known for a row of Zeek, and not used', () => {
    const lost = row.replace('C1', 'Cx1Yz2');
    assert.deepEqual(collectObservations('zeek', `${lost}\nno row`).outcomes, ['no_header', 'other_format']);
    assert.equal(scoresOf(lost)[0]?.[0], 'zeek');
  });

  test('can be given as grammar', () => {
    const grammar = '#path conn #fields ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto orig_bytes resp_bytes';
    const [flow] = collectObservations('zeek', row, { grammar }).flows;
    assert.deepEqual([flow?.address, flow?.bytesUp, flow?.bytesDown], ['203.0.113.9', 5, 6]);
  });

  test('is learned from the head of the source, separator and marks included', () => {
    const http = fixture.slice(fixture.indexOf('#separator \\x7c'));
    const [head = ''] = http.split('\n1795');
    const line = http.split('\n').find((text) => text.includes('|CONNECT|')) ?? '';
    const sample = [head, line].join('\n');
    const learned = collectObservations('zeek', line, { grammar: learnFrom(sample) });
    assert.deepEqual([learned.flows[0]?.name, learned.flows[0]?.port], ['api.example.org', 443]);
  });

  test('a grammar without fields is refused with its reason', () => {
    const zone = createLocalZone('UTC');
    assert.ok(zone.ok);
    const parser = findLogFormat('zeek')?.createParser({
      grammar: '#path conn',
      zone: zone.value,
      nowMs: fixtureNowMs,
    });
    assert.equal(
      parser?.ok === false && parser.fault.message,
      '`#path conn` has no `#fields` followed by the names of the fields',
    );
  });
});

test('detection knows header lines, and records by the names of the ends', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'zeek');
  assert.equal(scoresOf(readFixture('zeek-json.log'))[0]?.[0], 'zeek');
  for (const other of ['aws-vpc.log', 'gcp.log', 'azure-flow.log']) {
    assert.ok(!scoresOf(readFixture(other)).some(([id]) => id === 'zeek'), other);
  }
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('zeek', fixture);
  assertParserNeverThrows('zeek', readFixture('zeek-json.log'));
});

function sighting(wanted: string): readonly unknown[] {
  const flow = flows.find(({ name }) => name === wanted);
  assert.ok(flow !== undefined, wanted);
  const { address, port, nameKind, application, connections, isDenied } = flow;
  return [address, port, nameKind, application, connections, isDenied];
}

function learnFrom(text: string): string {
  const lines = text.split('\n').map((line) => LogLine.of(line));
  return findLogFormat('zeek')?.learn(lines) ?? '';
}
