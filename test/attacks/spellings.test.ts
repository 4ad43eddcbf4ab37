import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectHead, exchangeRaw, openRaw } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed();
});
after(() => bed.close());

/** Spellings that another parser might read as an inner address or as an allowed name. */
const odd: readonly string[] = [
  '0x7f000001:443',
  '2130706433:443',
  '127.1:443',
  '127.0.1:443',
  '0177.0.0.1:443',
  '0x7f.0.0.1:443',
  '127.0.0.01:443',
  '425.510.425.510:443',
  '0xA9FEA9FE:443',
  '2852039166:443',
  '0251.0376.0251.0376:443',
  '169.254.169.254.:443x',
  '[fe80::1%25eth0]:443',
  '[fe80::1%eth0]:443',
  '[::ffff:127.0.0.1:443',
  '::1:443',
  '[127.0.0.1]:443',
  'allowed.example%00:443',
  'allowed%2eexample:443',
  'user@allowed.example:443',
  'user:pw@allowed.example:443',
  'allowed.example',
  'allowed.example:',
  'allowed.example:0',
  'allowed.example:65536',
  'allowed.example:+443',
  'allowed.example:0443',
  'allowed.example:443/',
  'allowed.example..:443',
  '.allowed.example:443',
  'allowed..example:443',
  'allowed.example#:443',
  'allowed.example?:443',
  'allowed.example\\:443',
  'http://allowed.example:443',
  '*:443',
  'xn--a:443',
  `${'a'.repeat(64)}.example:443`,
  `${'a.'.repeat(130)}example:443`,
  'allowed.example:443:443',
];

describe('odd spellings are refused, not repaired', () => {
  for (const authority of odd) {
    test(`CONNECT ${authority.slice(0, 60)} is 400 and closes`, async () => {
      const client = await openRaw(bed.port);
      client.send(connectHead(authority, { proof: bed.proof }));
      const { text } = await client.readToEnd();
      client.close();
      assert.match(text, /^HTTP\/1\.1 400 /);
      assert.match(text, /\r\nExeat-Reason: (authority_malformed|request_malformed)\r\n/i);
    });
  }

  for (const bytes of [
    'allowed.example\0.evil.example',
    'allowed.example\x01',
    'ａllowed.example',
    'ALLOWED．example',
  ]) {
    test(`a name with the bytes ${JSON.stringify(bytes)} is refused in SOCKS5 too`, async () => {
      const name = Buffer.from(bytes, 'utf8');
      const client = await openRaw(bed.port);
      const user = Buffer.from('app');
      const secret = Buffer.from(bed.secret);
      client.send(Buffer.from([5, 1, 2]));
      assert.deepEqual([...(await client.readBytes(2))], [5, 2]);
      client.send(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([secret.length]), secret]));
      assert.deepEqual([...(await client.readBytes(2))], [1, 0]);
      client.send(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([1, 187])]));
      const reply = await client.readBytes(2);
      assert.equal(reply[0], 5);
      assert.notEqual(reply[1], 0);
      client.close();
    });
  }

  test('one trailing dot and upper case are the same name, and are allowed', async () => {
    const head = await exchangeRaw(bed.port, connectHead(bed.authority('ALLOWED.Example.'), { proof: bed.proof }));
    assert.match(head, /^HTTP\/1\.1 200 /);
  });
});

/** Addresses that reach inside in one embedding or another; all must be denied without a packet. */
const inner: readonly string[] = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::a00:1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001:0:7f00:1::]',
  '[2001::ffff:ffff:80ff:fffe]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '[fc00::1]',
  '[ff02::1]',
  '[fe80::5efe:7f00:1]',
  '[2001:db8::5efe:a9fe:a9fe]',
  '[::ffff:0:127.0.0.1]',
];

describe('inner addresses in every embedding are denied', () => {
  for (const address of inner) {
    test(`CONNECT ${address}:443 is 403 for a service with an address rule for everything`, async () => {
      const head = await exchangeRaw(bed.port, connectHead(`${address}:443`, { proof: bed.wideProof }));
      assert.match(head, /^HTTP\/1\.1 403 /, head);
      assert.match(head, /\r\nExeat-Reason: (boundary_denied|address_forbidden)\r\n/i);
    });
  }
});

const platformNames = [
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'localhost',
  'a.localhost',
  '127.0.0.1.nip.io',
  'a.sslip.io',
];

describe('platform names are denied before any query', () => {
  for (const name of platformNames) {
    test(`CONNECT ${name}:443 is 403 boundary_denied for a service that may reach every name`, async () => {
      const head = await exchangeRaw(bed.port, connectHead(`${name}:443`, { proof: bed.wideProof }));
      assert.match(head, /^HTTP\/1\.1 403 /);
      assert.match(head, /\r\nExeat-Reason: boundary_denied\r\n/i);
    });
  }
});
