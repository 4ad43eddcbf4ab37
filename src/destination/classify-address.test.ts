import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classifyAddress } from './classify-address.ts';
import { embeddedIpv4 } from './embedded-ipv4.ts';
import { ipAddressFromWords, parseIpAddress } from './parse-ip-address.ts';
import { findPlatformAddress, findPlatformName } from './platform-hosts.ts';
import type { AddressKind } from './special-ranges.ts';

const vectors: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    '8.8.8.8',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.7',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '168.63.129.15',
    '168.63.129.17',
    '2606:4700::1',
    '2001:db8::1',
    '3fff::1',
    '2001:200::1',
    '64:ff9b::203.0.113.7',
    '64:ff9b::8.8.8.8',
    '2606:4700::5efe:8.8.8.8',
  ],
  private: [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.0',
    '100.127.255.255',
    '198.18.0.1',
    '198.19.255.255',
    'fc00::1',
    'fd12:3456:789a::1',
    'fdff::1',
    '2001:2::1',
  ],
  forbidden: [
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '169.254.0.23',
    '169.254.42.42',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '192.0.0.1',
    '192.88.99.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::a9fe:a9fe',
    'febf::1',
    'fec0::1',
    'ff02::1',
    '100::1',
    '2001:10::1',
    '5f00::1',
    '4000::1',
    '1::1',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fd00:c1::a9fe:a9fe',
    'fd00:a9fe:a9fe::1',
    'fd00:42::42',
    'fd00:100::100:200',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '::127.0.0.1',
    '::8.8.8.8',
    '64:ff9b::10.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::169.254.169.254',
    '64:ff9b::0',
    '64:ff9b::168.63.129.16',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1:7f00:0:100::',
    '2002:7f00:1::1',
    '2002:808:808::1',
    '2001::1',
    '2001:0:808:808::f7f7:f7f7',
    '2606:4700::5efe:10.0.0.1',
    '2606:4700::200:5efe:127.0.0.1',
    'fd12::5efe:10.0.0.1',
  ],
};

function read(text: string) {
  const result = parseIpAddress(text);
  assert.ok(result.ok, text);
  return result.value;
}

test('addresses are classified by the special-purpose table', () => {
  for (const [kind, texts] of Object.entries(vectors)) {
    for (const text of texts) assert.equal(classifyAddress(read(text)).kind, kind, text);
  }
});

test('the carried address is decoded from every embedding', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::10.0.0.1', '10.0.0.1'],
    ['::ffff:0:10.0.0.1', '10.0.0.1'],
    ['64:ff9b::10.0.0.1', '10.0.0.1'],
    ['64:ff9b:1:a00:0:100::', '10.0.0.1'],
    ['64:ff9b:1::10.0.0.1', '10.0.0.1'],
    ['2002:a00:1::', '10.0.0.1'],
    ['2001:0:a00:1::', '10.0.0.1'],
    ['2001::f5ff:fffe', '10.0.0.1'],
    ['2606:4700::5efe:10.0.0.1', '10.0.0.1'],
    ['2606:4700::200:5efe:10.0.0.1', '10.0.0.1'],
  ];
  for (const [text, carried] of rows) {
    assert.ok(
      embeddedIpv4(read(text)).some((address) => address.text === carried),
      text,
    );
  }
});

test('INVARIANT: decoding an embedded IPv4 only adds denials', () => {
  const word = fc.oneof(
    fc.nat(0xffffffff),
    fc.constantFrom(0, 0x0064ff9b, 0x5efe, 0x0200_5efe, 0x26064700, 0x7f000001, 0x0a000001),
  );
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), (words) => {
      const address = ipAddressFromWords(words);
      const answer = classifyAddress(address);
      const carriesClosed = embeddedIpv4(address).some((inner) => classifyAddress(inner).kind !== 'public');
      if (carriesClosed) assert.equal(answer.kind, 'forbidden', address.text);
    }),
  );
});

test('platform names and addresses are found, their neighbours are not', () => {
  for (const name of [
    'localhost',
    'a.localhost',
    'metadata.google.internal',
    'metadata.goog',
    'metadata',
    'instance-data',
  ]) {
    assert.notEqual(findPlatformName(name), null, name);
  }
  for (const name of [
    '169-254-169-254.nip.io',
    '127.0.0.1.sslip.io',
    'x.xip.io',
    'instance-data.ec2.internal',
    'rancher-metadata',
  ]) {
    assert.notEqual(findPlatformName(name), null, name);
  }
  for (const name of ['localhost.example.com', 'notlocalhost', 'metadata.example.com', 'mynip.io', 'google.internal']) {
    assert.equal(findPlatformName(name), null, name);
  }
  assert.equal(findPlatformAddress(read('168.63.129.16'))?.name, 'Azure WireServer');
  assert.equal(findPlatformAddress(read('203.0.113.7')), null);
});
