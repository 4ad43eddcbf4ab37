import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { requestOf } from '../../test/support/request-fixture.ts';
import { parseIpPrefix } from '../destination/index.ts';
import { decide, type NetworkFacts, screenAddresses } from './index.ts';
import { allQueries, queryBits } from './query-types.ts';

const at = { file: 'network.yaml', line: 1, column: 1 };
const range = parseIpPrefix('10.60.0.0/16');
assert.ok(range.ok);
const network: NetworkFacts = { ownAddresses: [addressOf('192.0.2.1')], localOrigins: [] };
const policy = policyOf([
  serviceNode('payments-api', {
    identities: [identityNode('credential:payments-api')],
    allow: [
      ruleNode('bank.example.com:443'),
      ruleNode('kms.example.com:443', { via: ['endpoints'] }),
      ruleNode('mail.example.com:25', { queries: ['MX', 'TXT'] }),
      ruleNode('*.example.com:443', { queries: ['CAA'] }),
    ],
  }),
  {
    kind: 'segments',
    owner: 'team-network',
    at,
    segments: [{ name: 'endpoints', ranges: [range.value], environment: null, at }],
  },
]);

const asker = { service: 'payments-api' } as const;

function screen(name: string, ...texts: readonly string[]): unknown {
  const request = requestOf(name, null, asker);
  const addresses = texts.map(addressOf);
  const { kept, refused } = screenAddresses(policy, request, decide(policy, request), { addresses, network });
  return [kept.map(({ text }) => text), refused.map(({ address, reason }) => `${address.text} ${reason}`)];
}

describe('an answer of DNS', () => {
  test('keeps public addresses and loses private, metadata, loopback and own ones, however they are spelled', () => {
    assert.deepEqual(
      screen(
        'bank.example.com',
        '203.0.113.7',
        '10.0.0.1',
        '169.254.169.254',
        '127.0.0.1',
        '192.0.2.1',
        '64:ff9b::a00:1',
      ),
      [
        ['203.0.113.7'],
        ['10.0.0.1', '169.254.169.254', '127.0.0.1', '192.0.2.1', '64:ff9b::a00:1'].map(
          (text) => `${text} address_forbidden`,
        ),
      ],
    );
  });

  test('for a name with `via` must lie in that segment', () => {
    // The wildcard covers the name too, and without `via` it is for public addresses.
    assert.deepEqual(screen('kms.example.com', '10.60.0.9', '10.61.0.9'), [
      ['10.60.0.9'],
      ['10.61.0.9 address_forbidden'],
    ]);
  });

  test('loses everything where the name is denied', () => {
    assert.deepEqual(screen('other.example', '203.0.113.7'), [[], ['203.0.113.7 no_rule_matched']]);
  });
});

describe('query types', () => {
  const queriesOf = (name: string): number => decide(policy, requestOf(name, null, asker)).admission.queries;

  test('are those of every rule that covers the name', () => {
    assert.equal(queriesOf('mail.example.com'), queryBits(['MX', 'TXT', 'CAA']));
    assert.equal(queriesOf('bank.example.com'), queryBits(['CAA']));
    assert.equal(queriesOf('other.example'), 0);
  });

  test('are all of them for what an observed service misses', () => {
    const observed = policyOf([
      serviceNode('payments-api', {
        identities: [identityNode('credential:payments-api')],
        mode: 'observe',
        observeUntil: Number.MAX_SAFE_INTEGER,
        allow: [ruleNode('bank.example.com:443')],
      }),
    ]);
    assert.equal(decide(observed, requestOf('other.example', null, asker)).admission.queries, allQueries);
    assert.equal(decide(observed, requestOf('bank.example.com', null, asker)).admission.queries, 0);
  });
});
