import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMetadataAnswer, writeMetadataRequest } from './attempt/https.ts';
import { readBusPaths } from './attempt/local.ts';
import { readGateway } from './find-target.ts';
import { createToken, findMark, hasProof, markText, proofBytes, proofText } from './mark.ts';
import { writeEcho, writeUdpFragments, writeUdpPacket } from './packets/ip-packet.ts';
import { readProxy } from './read-proxy.ts';

const mark = { token: '3f9c0a51d2e4b768', way: 'tcp-443' };

test('a mark is found in what carries it, in any case, and its way ends where its label does', () => {
  assert.deepEqual(findMark(Buffer.from(`GET /${markText(mark)} HTTP/1.1`)), mark);
  assert.deepEqual(findMark(Buffer.from(`${markText(mark).toUpperCase()}.zone.example`)), mark);
  assert.deepEqual(findMark(Buffer.from(`\0\x17${markText(mark)}\0`)), mark);
  assert.equal(findMark(Buffer.from('exeat-probe-3f9c-tcp')), null);
  assert.match(createToken(), /^[0-9a-f]{16}$/);
});

test('a proof is what a canary made of this mark: no echo, and no answer to another run or way', () => {
  assert.ok(hasProof(Buffer.from(`exeat-canary ${proofText(mark).toUpperCase()}`), mark));
  assert.ok(hasProof(Buffer.concat([Buffer.from([0x16, 3]), proofBytes(mark)]), mark));
  for (const answer of [markText(mark), 'HTTP/1.1 200 OK\r\n\r\nexeat-canary', proofText({ ...mark, way: 'tcp-80' })]) {
    assert.ok(!hasProof(Buffer.from(answer), mark), answer);
  }
});

test('a metadata service is known by its answer, and not by a page that repeats the request', () => {
  const request = Buffer.from(writeMetadataRequest('/latest/', '169.254.169.254', mark)).toString();
  const rows: readonly (readonly [string, boolean])[] = [
    ['HTTP/1.1 401 Unauthorized\r\nServer: EC2ws\r\n\r\n', true],
    ['HTTP/1.1 404 Not Found\r\nMetadata-Flavor: Google\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\n\r\ndynamic\nmeta-data\nuser-data', true],
    ['HTTP/1.1 200 OK\r\n\r\n<?xml version="1.0"?><Versions>', true],
    [request, false],
    [`HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n${request}`, false],
    ['HTTP/1.1 403 Forbidden\r\n\r\nblocked', false],
  ];
  for (const [answer, expected] of rows) assert.equal(isMetadataAnswer(Buffer.from(answer)), expected, answer);
});

test('the gateway is read from the table of the kernel', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const local = 'eth0\t006433C6\t00000000\t0001\t0\t0\t0\tF8FFFFFF\t0\t0\t0\n';
  const route = 'eth0\t00000000\t016433C6\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
  assert.deepEqual(readGateway(head + local + route), { address: '198.51.100.1', device: 'eth0' });
  assert.equal(readGateway(head + local), null);
  assert.equal(readGateway(''), null);
});

test('the address of a proxy is read as environments write it', () => {
  const read = readProxy('https://payments-api:s%3Ac%@proxy.example:8443');
  assert.deepEqual([read?.host, read?.port, read?.isTls, read?.user], ['proxy.example', 8443, true, 'payments-api']);
  assert.equal(readProxy('proxy.example:3128')?.port, 3128);
  assert.equal(readProxy('http://[2001:db8::1]:3128')?.host, '2001:db8::1');
  for (const text of ['', 'ftp://proxy.example', 'http://']) assert.equal(readProxy(text), null, text);
});

test('the addresses of D-Bus are paths, or names without one', () => {
  assert.deepEqual(readBusPaths('unix:path=/run/bus,guid=1;unix:abstract=/tmp/x'), ['/run/bus', '\0/tmp/x']);
  assert.deepEqual(readBusPaths(undefined), []);
});

test('a datagram in fragments is the same bytes, whose parts say where they belong', () => {
  const packet = { from: '198.51.100.2', to: '203.0.113.7', fromPort: 1, toPort: 2, payload: Buffer.alloc(50, 7) };
  const whole = writeUdpPacket(packet);
  const parts = writeUdpFragments(packet, 24);
  assert.deepEqual(Buffer.concat(parts.map((part) => part.subarray(20))), Buffer.from(whole.subarray(20)));
  // More fragments follow in bit 13; offsets are in units of 8 bytes.
  assert.deepEqual(
    parts.map((part) => Buffer.from(part).readUInt16BE(6)),
    [0x2000, 0x2003, 0x0006],
  );
});

test('an echo has the checksum of RFC 1071, which makes the sum of all words the same', () => {
  const echo = Buffer.from(writeEcho(Buffer.from('odd'), 'request4'));
  const padded = Buffer.concat([echo, Buffer.alloc(echo.length % 2)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 2) sum += padded.readUInt16BE(at);
  assert.equal((sum & 0xffff) + (sum >> 16), 0xffff);
});
