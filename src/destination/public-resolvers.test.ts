import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWireHost } from './parse-authority.ts';
import { findPublicResolver, publicResolverAddresses, publicResolvers } from './public-resolvers.ts';

function found(text: string): string | null {
  const host = parseWireHost(text);
  assert.ok(host.ok, text);
  return findPublicResolver(host.value);
}

test('resolvers are found by name, below a name where each customer has one, and by address, also carried in IPv6', () => {
  for (const [text, row] of [
    ['dns.google', 'dns.google'],
    ['cloudflare-dns.com', 'cloudflare-dns.com'],
    ['mozilla.cloudflare-dns.com', '*.cloudflare-dns.com'],
    ['device.abc123.dns.nextdns.io', '*.dns.nextdns.io'],
    ['8.8.8.8', '8.8.8.8'],
    ['[2620:fe::9]', '2620:fe::9'],
    ['[::ffff:1.1.1.1]', '1.1.1.1'],
    ['[64:ff9b::101:101]', '1.1.1.1'],
  ] as const) {
    assert.equal(found(text), row, text);
  }
});

test('sites of their operators and names that only look alike are not', () => {
  for (const text of [
    'www.quad9.net',
    'my.nextdns.io',
    'google.com',
    'a.dns.google',
    'xcloudflare-dns.com',
    '8.8.8.9',
  ]) {
    assert.equal(found(text), null, text);
  }
});

test('every row is canonical, stands once, and says where it is from', () => {
  for (const { name, source } of publicResolvers) {
    const host = parseWireHost(name);
    assert.ok(host.ok && host.value.kind === 'name' && host.value.name === name && source !== '', name);
  }
  for (const text of publicResolverAddresses) assert.equal(found(text.includes(':') ? `[${text}]` : text), text);
  const all = [...publicResolvers.map(({ name }) => name), ...publicResolverAddresses];
  assert.equal(new Set(all).size, all.length);
});
