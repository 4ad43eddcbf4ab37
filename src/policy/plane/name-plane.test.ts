import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { planeSegments, sourcePrincipal } from '../../../test/support/plane-cases.ts';
import { addressOf, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import { type Grant, namePlane, noFacts, openGrants, type RuleNode } from '../index.ts';

interface Scene {
  readonly allow?: readonly RuleNode[];
  readonly deny?: readonly RuleNode[];
  readonly boundary?: readonly RuleNode[];
  readonly grants?: readonly Grant[];
  readonly observeUntil?: number;
  readonly addresses?: readonly string[];
}

const at = { file: 'payments/api.yaml', line: 1, column: 1 };

function texts({
  allow = [],
  deny = [],
  boundary = [],
  grants = [],
  observeUntil,
  addresses,
}: Scene): readonly string[] {
  const observed = observeUntil === undefined ? {} : { mode: 'observe' as const, observeUntil };
  const policy = policyOf([
    serviceNode('payments-api', { allow, deny, ...observed }),
    planeSegments,
    { kind: 'boundary', owner: 'o', at, deny: boundary, requires: [], revoked: [] },
  ]);
  const plane = namePlane(policy, {
    principal: sourcePrincipal('payments-api'),
    name: 'mail.example.com',
    addresses: (addresses ?? ['203.0.113.7']).map(addressOf),
    facts: { ...noFacts, grants: openGrants(grants, []) },
    network: { ownAddresses: [addressOf('192.0.2.1')], localOrigins: [{ address: addressOf('127.0.0.1'), port: 25 }] },
    now: nowForTest,
  });
  return plane.map(({ address, protocol, ports, verdict, grantIds }) => {
    const by = grantIds.length === 0 ? '' : ` by ${grantIds.join('+')}`;
    return `${verdict} ${protocol} ${address} ${ports.from}-${ports.to}${by}`;
  });
}

const mail = ruleNode('tcp://mail.example.com:25');

const rows: readonly (readonly [title: string, expected: readonly string[], scene: Scene])[] = [
  ['a name that nothing allows is not reached', [], {}],
  [
    'a rule for tls opens nothing',
    [],
    { allow: [ruleNode('mail.example.com:443'), ruleNode('http://*.example.com:80')] },
  ],
  ['a rule opens its port', ['allow tcp 203.0.113.7 25-25'], { allow: [mail] }],
  [
    'rules of a name and of those above it add up, each protocol by itself',
    ['allow tcp 203.0.113.7 25-26', 'allow udp 203.0.113.7 25-25'],
    { allow: [mail, ruleNode('tcp://*.example.com:26'), ruleNode('udp://*:25')] },
  ],
  [
    'a deny takes some of the ports',
    ['allow tcp 203.0.113.7 1-24', 'allow tcp 203.0.113.7 26-65535'],
    { allow: [ruleNode('tcp://mail.example.com:*')], deny: [ruleNode('*.example.com:25')] },
  ],
  [
    'the boundary of addresses holds for one address and some ports',
    ['allow tcp 203.0.113.7 20-24', 'allow tcp 203.0.113.7 26-30', 'allow tcp 198.51.100.7 20-30'],
    {
      allow: [ruleNode('tcp://mail.example.com:20-30')],
      boundary: [ruleNode('203.0.113.0/24:25')],
      addresses: ['203.0.113.7', '198.51.100.7'],
    },
  ],
  [
    'rebinding: private, metadata and own addresses are left out of an answer, however they are spelled',
    ['allow tcp 203.0.113.7 25-25'],
    {
      allow: [mail],
      addresses: [
        '10.60.0.7',
        '169.254.169.254',
        '192.0.2.1',
        '64:ff9b::c000:201',
        '203.0.113.7',
        '::ffff:203.0.113.7',
      ],
    },
  ],
  [
    'a rule with via opens its segment only',
    ['allow tcp 10.60.0.7 25-25'],
    {
      allow: [ruleNode('tcp://mail.example.com:25', { via: ['inner'] })],
      addresses: ['203.0.113.7', '10.60.0.7', '10.60.1.7'],
    },
  ],
  [
    'each address has what the rules that justify it admit',
    ['allow udp 203.0.113.7 25-25', 'allow tcp 10.60.0.7 25-25'],
    {
      allow: [ruleNode('tcp://mail.example.com:25', { via: ['inner'] }), ruleNode('udp://mail.example.com:25')],
      addresses: ['203.0.113.7', '10.60.0.7'],
    },
  ],
  [
    'a local origin is reached at its port',
    ['allow tcp 127.0.0.1 25-25'],
    { allow: [ruleNode('tcp://mail.example.com:20-30')], addresses: ['127.0.0.1'] },
  ],
  [
    'an observed service passes the rest',
    [
      'observe tcp 203.0.113.7 1-24',
      'allow tcp 203.0.113.7 25-25',
      'observe tcp 203.0.113.7 26-65535',
      'observe udp 203.0.113.7 1-65535',
    ],
    { allow: [mail], observeUntil: nowForTest + 1 },
  ],
  ['past its date it is enforced', ['allow tcp 203.0.113.7 25-25'], { allow: [mail], observeUntil: nowForTest }],
  [
    'a grant names itself; one with a bound of bytes opens nothing',
    ['allow tcp 203.0.113.7 25-25 by g'],
    {
      grants: [
        grantOf('g', 'tcp://*.example.com:25'),
        grantOf('capped', 'tcp://mail.example.com:25-30', { bytesUp: 9 }),
      ],
    },
  ],
];

describe('the name plane', () => {
  for (const [title, expected, scene] of rows) {
    test(title, () => assert.deepEqual(texts(scene), expected));
  }
});
