import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { helloBytes } from '../support/hello-bytes.ts';
import { connectHead, openRaw, type RawClient } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed();
});
after(() => bed.close());

/** Opens a tunnel to an authority that the policy allows and gives it back established. */
async function tunnel(authority: string): Promise<RawClient> {
  const client = await openRaw(bed.port);
  client.send(connectHead(authority, { proof: bed.proof }));
  assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
  return client;
}

/** Sends first bytes into a tunnel of a `tls` rule and says how it ended and what was recorded. */
async function firstBytes(bytes: Uint8Array, authority = bed.authority('allowed.example')): Promise<string> {
  const seen = bed.tls.bytesIn();
  const client = await tunnel(authority);
  client.send(bytes);
  const { text } = await client.readToEnd();
  client.close();
  assert.equal(text, '', 'the refused side gets no byte of the origin');
  assert.equal(bed.tls.bytesIn(), seen, 'the origin gets no byte of the client');
  const record = await bed.record((row) => row.kind === 'verdict' && row.stage === 'sni' && row.verdict === 'deny');
  return record.kind === 'verdict' ? record.reason : record.kind;
}

const cases: readonly { readonly attack: string; readonly bytes: Buffer; readonly reason: string }[] = [
  {
    attack: 'sni mismatch: another server name',
    bytes: helloBytes({ serverName: 'evil.example' }),
    reason: 'sni_mismatch',
  },
  {
    attack: 'sni mismatch: a name below',
    bytes: helloBytes({ serverName: 'x.allowed.example' }),
    reason: 'sni_mismatch',
  },
  { attack: 'sni missing', bytes: helloBytes({ serverName: null }), reason: 'sni_missing' },
  {
    attack: 'sni twice',
    bytes: helloBytes({ serverName: 'allowed.example', secondName: 'evil.example' }),
    reason: 'sni_repeated',
  },
  {
    attack: 'the same sni twice',
    bytes: helloBytes({ serverName: 'allowed.example', secondName: 'allowed.example' }),
    reason: 'sni_repeated',
  },
  {
    attack: 'sni with a NUL',
    bytes: helloBytes({ serverName: 'allowed.example\0.evil.example' }),
    reason: 'sni_nul',
  },
  { attack: 'sni that is an IPv4 address', bytes: helloBytes({ serverName: '203.0.113.9' }), reason: 'sni_address' },
  { attack: 'sni that is an IPv6 address', bytes: helloBytes({ serverName: '2001:db8::9' }), reason: 'sni_address' },
  { attack: 'sni in brackets', bytes: helloBytes({ serverName: '[2001:db8::9]' }), reason: 'sni_address' },
  { attack: 'an empty sni', bytes: helloBytes({ serverName: '' }), reason: 'sni_malformed' },
  {
    attack: 'sni that ends in a number',
    bytes: helloBytes({ serverName: 'allowed.example.0x7f' }),
    reason: 'sni_malformed',
  },
  {
    attack: 'sni with a space',
    bytes: helloBytes({ serverName: 'allowed.example evil.example' }),
    reason: 'sni_malformed',
  },
  { attack: 'ech', bytes: helloBytes({ serverName: 'allowed.example', hasEch: true }), reason: 'ech_refused' },
  {
    attack: 'a hello over 16 KiB',
    bytes: helloBytes({ serverName: 'allowed.example', paddingBytes: 20_000, recordBytes: 16_000 }),
    reason: 'hello_unreadable',
  },
  {
    attack: 'plain HTTP in a tls tunnel',
    bytes: Buffer.from('GET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n'),
    reason: 'hello_missing',
  },
  { attack: 'SSH in a tls tunnel', bytes: Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'), reason: 'hello_missing' },
  {
    attack: 'an SSLv2 hello',
    bytes: Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80]),
    reason: 'hello_missing',
  },
];

describe('first bytes of a tunnel under a tls rule', () => {
  for (const { attack, bytes, reason } of cases) {
    test(`${attack} is reset with ${reason} and nothing passes`, async () => {
      await bed.forget();
      assert.equal(await firstBytes(bytes), reason);
    });
  }

  test('a hello that comes in many small records and segments is read, and a good name passes', async () => {
    const client = await tunnel(bed.authority('allowed.example'));
    const bytes = helloBytes({ serverName: 'allowed.example', recordBytes: 7 });
    const seen = bed.tls.bytesIn();
    for (let at = 0; at < bytes.length; at += 5) {
      client.send(bytes.subarray(at, at + 5));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await bed.until(() => bed.tls.bytesIn() > seen);
    client.close();
  });

  test('a hello that never ends is cut about 5 s after its first byte', async () => {
    await bed.forget();
    const client = await tunnel(bed.authority('allowed.example'));
    const began = performance.now();
    client.send(helloBytes({ serverName: 'allowed.example' }).subarray(0, 20));
    await client.readToEnd(9000);
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 4000 && tookMs < 7500, `${tookMs} ms`);
    const record = await bed.record((row) => row.kind === 'verdict' && row.stage === 'sni');
    assert.equal(record.kind === 'verdict' && record.reason, 'hello_unreadable');
  });
});
