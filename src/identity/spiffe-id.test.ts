import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCredentialName, parseIdentityText } from './identity-text.ts';
import { parseSpiffeId } from './spiffe-id.ts';

const accepted: readonly (readonly [string, string, string])[] = [
  ['spiffe://corp.example', 'corp.example', ''],
  ['spiffe://corp.example/ns/payments/sa/api', 'corp.example', '/ns/payments/sa/api'],
  ['spiffe://corp_1-a.example/A.b-c_9', 'corp_1-a.example', '/A.b-c_9'],
  ['spiffe://corp.example/...', 'corp.example', '/...'],
  [`spiffe://${'a'.repeat(255)}/x`, 'a'.repeat(255), '/x'],
];

const refused: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['another scheme', 'https://corp.example/api'],
  ['an upper-case scheme', 'SPIFFE://corp.example/api'],
  ['no trust domain', 'spiffe:///api'],
  ['an upper-case trust domain', 'spiffe://Corp.example/api'],
  ['a port', 'spiffe://corp.example:8443/api'],
  ['userinfo', 'spiffe://user@corp.example/api'],
  ['a query', 'spiffe://corp.example/api?x=1'],
  ['a fragment', 'spiffe://corp.example/api#x'],
  ['percent-encoding', 'spiffe://corp.example/a%2fb'],
  ['a trailing slash', 'spiffe://corp.example/api/'],
  ['a lone slash', 'spiffe://corp.example/'],
  ['an empty segment', 'spiffe://corp.example//api'],
  ['a dot segment', 'spiffe://corp.example/./api'],
  ['a double dot segment', 'spiffe://corp.example/../api'],
  ['a space', 'spiffe://corp.example/a b'],
  ['NUL', 'spiffe://corp.example/a\0'],
  ['a line break at the end', 'spiffe://corp.example/api\n'],
  ['full-width letters', 'spiffe://corp.example/ａ'],
  ['a long trust domain', `spiffe://${'a'.repeat(256)}/x`],
  ['a long text', `spiffe://corp.example/${'a'.repeat(2048)}`],
];

describe('parseSpiffeId', () => {
  for (const [text, trustDomain, path] of accepted) {
    it(`accepts ${text.slice(0, 60)}`, () => {
      assert.deepEqual(parseSpiffeId(text), { ok: true, value: { text, trustDomain, path } });
    });
  }
  for (const [name, text] of refused) {
    it(`refuses ${name}`, () => assert.equal(parseSpiffeId(text).ok, false));
  }
  it('never throws, and what it accepts holds only the allowed bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `spiffe://corp.example/${tail}`),
        ),
        (text) => {
          const parsed = parseSpiffeId(text);
          if (!parsed.ok) return;
          assert.match(text, /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/);
          assert.equal(`spiffe://${parsed.value.trustDomain}${parsed.value.path}`, text);
        },
      ),
    );
  });
});

describe('parseIdentityText', () => {
  const rows: readonly (readonly [string, string | null])[] = [
    ['spiffe://corp.example/api', 'spiffe'],
    ['credential:payments-api', 'credential'],
    ['source:10.20.0.0/24', 'source'],
    ['source:2001:db8::/32', 'source'],
    ['token:https://ci.example.com', 'token'],
    ['credential:payments-api + source:10.20.0.0/24', 'credential,source'],
    ['local:user:builder', 'local'],
    ['local:cgroup:/system.slice/payments.service + source:10.20.0.0/24', 'local,source'],
    ['', null],
    ['payments-api', null],
    ['credential:', null],
    ['credential:Payments', null],
    ['credential:token', null],
    ['credential:a:b', null],
    ['source:anywhere', null],
    ['local:', null],
    ['local:builder', null],
    ['token:', null],
    ['token:a b', null],
    ['spiffe:corp.example', null],
    ['credential:a + ', null],
    [Array.from({ length: 17 }, () => 'credential:a').join(' + '), null],
  ];
  for (const [text, kinds] of rows) {
    it(`${kinds === null ? 'refuses' : 'accepts'} \`${text.slice(0, 60)}\``, () => {
      const parsed = parseIdentityText(text);
      assert.equal(parsed.ok ? parsed.value.map((term) => term.kind).join(',') : null, kinds);
    });
  }
  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseIdentityText(text);
        parseCredentialName(text);
      }),
    );
  });
});
