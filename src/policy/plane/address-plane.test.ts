import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { planeNetwork, sourcePrincipal } from '../../../test/support/plane-cases.ts';
import { type PlaneScene, planeOf, says, texts } from '../../../test/support/plane-scene.ts';
import { addressOf, policyOf, ruleNode, serviceNode, targetNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import { isatapForm, isIsatap, platformAddresses } from '../../destination/index.ts';
import { addressPlane, type BoundaryNode, noFacts, openGrants, type PolicyDocument, type RuleNode } from '../index.ts';

const at = { file: 'payments/api.yaml', line: 1, column: 1 };

const boundary = (parts: Partial<BoundaryNode>): BoundaryNode => ({
  kind: 'boundary',
  owner: 'o',
  at,
  deny: [],
  requires: [],
  revoked: [],
  ...parts,
});

const admin = (...members: readonly string[]): PolicyDocument => ({
  kind: 'destinations',
  name: 'admin-hosts',
  owner: 'o',
  at,
  class: 'admin',
  members: members.map((to) => ({ target: targetNode(to), at })),
});

// One row: what the plane is, then the scene.
const rows: readonly (readonly [title: string, expected: readonly string[], scene: PlaneScene])[] = [
  ['no rule is no entry', [], {}],
  [
    'a block is one run',
    ['allow tcp 203.0.113.0-203.0.113.255 22'],
    { service: { allow: [ruleNode('tcp://203.0.113.0/24:22')] } },
  ],
  [
    'blocks that touch are one run, ports that touch too',
    ['allow tcp 203.0.113.0-203.0.113.255 20-30'],
    { service: { allow: ['203.0.113.0/25:20-25', '203.0.113.128/25:20-25', '203.0.113.0/24:26-30'].map(open) } },
  ],
  [
    'rules for tls, http and names are read by name',
    [],
    {
      service: {
        allow: ['203.0.113.0/24:443', 'http://203.0.113.0/24:80', 'tcp://mail.example.com:25'].map((to) =>
          ruleNode(to),
        ),
      },
    },
  ],
  [
    'a deny that is narrower than the allow leaves two runs',
    ['allow tcp 203.0.113.0-203.0.113.6 22', 'allow tcp 203.0.113.8-203.0.113.255 22'],
    { service: { allow: [open('203.0.113.0/24:22')], deny: [ruleNode('203.0.113.7:*')] } },
  ],
  [
    'a deny for some ports leaves the others, whatever protocol it is written for',
    ['allow tcp 203.0.113.7 20-21', 'allow tcp 203.0.113.7 23-30'],
    { service: { allow: [open('203.0.113.7:20-30')], deny: [ruleNode('http://203.0.113.0/24:22')] } },
  ],
  [
    'a deny for udp leaves tcp',
    ['allow tcp 203.0.113.7 53'],
    {
      service: {
        allow: [open('203.0.113.7:53'), ruleNode('udp://203.0.113.7:53')],
        deny: [ruleNode('udp://0.0.0.0/0:*')],
      },
    },
  ],
  [
    'the boundary is above rules, also through a document of destinations',
    ['allow tcp 203.0.113.129-203.0.113.255 22'],
    {
      service: { allow: [open('203.0.113.0/24:22')] },
      documents: [
        boundary({ deny: [ruleNode('203.0.113.0/25:*'), ruleNode('@admin-hosts')] }),
        admin('203.0.113.128:22'),
      ],
    },
  ],
  [
    'a member of a document is as good as a target',
    ['allow tcp 203.0.113.7 22', 'allow udp 2001:db8::7 53'],
    {
      service: { allow: [ruleNode('@admin-hosts')] },
      documents: [admin('tcp://203.0.113.7:22', 'udp://[2001:db8::7]:53', '203.0.113.7:443', 'tcp://example.com:22')],
    },
  ],
  [
    'a class that asks for more than a network is out of reach',
    ['allow tcp 203.0.113.0-203.0.113.6 22', 'allow tcp 203.0.113.8-203.0.113.255 22'],
    {
      service: { allow: [open('203.0.113.0/24:22')] },
      documents: [
        admin('203.0.113.7:20-30'),
        boundary({ requires: [{ class: 'admin', strength: 'token', from: [], at }] }),
      ],
    },
  ],
  [
    'a rule that asks for more than a network too',
    [],
    { service: { allow: [open('203.0.113.7:22', { strength: 'token' })] } },
  ],
  [
    'a source that the boundary does not ask for reaches nothing of that class',
    [],
    {
      service: { allow: [open('203.0.113.7:22')] },
      documents: [
        admin('203.0.113.7:*'),
        boundary({ requires: [{ class: 'admin', strength: null, from: ['ops'], at }] }),
      ],
    },
  ],
  [
    'a source that the boundary asks for does',
    ['allow tcp 203.0.113.7 22'],
    {
      service: { allow: [open('203.0.113.7:22')] },
      documents: [
        admin('203.0.113.7:*'),
        boundary({ requires: [{ class: 'admin', strength: null, from: ['ops'], at }] }),
      ],
      question: { principal: sourcePrincipal('payments-api', '10.99.0.7') },
    },
  ],
  ['private ranges are closed without via', [], { service: { allow: [open('10.0.0.0/8:22'), open('[fc00::/7]:22')] } }],
  [
    'via opens its segment, and neither what else the rule names nor a narrower segment of another environment',
    [
      'allow tcp 10.60.0.0-10.60.0.255 22',
      'allow tcp 10.60.2.0-10.60.255.255 22',
      'allow tcp fd00:10::-fd00:10:ffff:ffff:ffff:ffff:ffff:ffff 22',
    ],
    {
      service: {
        allow: [
          open('10.0.0.0/8:22', { via: ['inner'] }),
          open('[fc00::/7]:22', { via: ['inner'] }),
          open('203.0.113.7:22', { via: ['inner'] }),
        ],
      },
    },
  ],
  [
    'own addresses are closed, also inside NAT64',
    [
      'allow tcp 203.0.113.8 22',
      'allow tcp 203.0.113.10-203.0.113.11 22',
      'allow tcp 64:ff9b::cb00:7108 22',
      'allow tcp 64:ff9b::cb00:710a-64:ff9b::cb00:710b 22',
    ],
    {
      service: { allow: [open('203.0.113.8/30:22'), open('[64:ff9b::cb00:7108/126]:22')] },
      question: { network: planeNetwork },
    },
  ],
  [
    'what is denied as IPv4 is denied inside NAT64; mapped, 6to4 and compatible spellings are nobody’s',
    ['allow tcp 64:ff9b::cb00:7100-64:ff9b::cb00:7106 22'],
    {
      service: {
        allow: [
          '[64:ff9b::cb00:7100/125]:22',
          '[::ffff:203.0.113.0/120]:22',
          '[2002:cb00:7100::/40]:22',
          '[::203.0.113.0/120]:22',
        ].map(open),
        deny: [ruleNode('203.0.113.7:*')],
      },
    },
  ],
  [
    'past its date an observed service is enforced',
    ['allow tcp 203.0.113.7 22'],
    { service: { mode: 'observe', observeUntil: nowForTest, allow: [open('203.0.113.7:22')] } },
  ],
  [
    'a live grant is an entry that it alone justifies',
    ['allow tcp 203.0.113.7 22 by g'],
    { grants: [grantOf('g', 'tcp://203.0.113.7:22')] },
  ],
  [
    'several grants that each justify it are all named; what a rule allows names none',
    ['allow tcp 203.0.113.6 22 by g', 'allow tcp 203.0.113.7 22 by g+h', 'allow tcp 203.0.113.7 25'],
    {
      service: { allow: [open('203.0.113.7:25')] },
      grants: [grantOf('g', 'tcp://203.0.113.6/31:22'), grantOf('h', 'tcp://203.0.113.7:22,25')],
    },
  ],
  ['a grant that ended is none', [], { grants: [grantOf('g', 'tcp://203.0.113.7:22', { notAfter: nowForTest })] }],
  [
    'a grant that has not begun is none',
    [],
    { grants: [grantOf('g', 'tcp://203.0.113.7:22', { notBefore: nowForTest + 1 })] },
  ],
  ['a grant with a bound of bytes up is none', [], { grants: [grantOf('g', 'tcp://203.0.113.7:22', { bytesUp: 1 })] }],
  [
    'a grant with a bound of bytes down is none, and does not hide one without',
    ['allow tcp 203.0.113.7 22 by g'],
    {
      grants: [
        grantOf('capped', 'tcp://203.0.113.7:22', { bytesDown: 1, notAfter: nowForTest + 9e9 }),
        grantOf('g', 'tcp://203.0.113.7:22'),
      ],
    },
  ],
  [
    'a grant for another identity or another service is none',
    [],
    {
      grants: [
        grantOf('g', 'tcp://203.0.113.7:22', { identity: 'credential:payments-api' }),
        grantOf('h', 'tcp://203.0.113.7:22', { service: 'other' }),
      ],
    },
  ],
  [
    'a spent grant is none, one that was revoked neither',
    [],
    {
      question: {
        facts: {
          revokedIdentities: new Set(),
          grants: openGrants(
            [grantOf('spent', 'tcp://203.0.113.7:22'), grantOf('over', 'tcp://203.0.113.7:22')],
            [{ id: 'over', why: 'revoked' }],
          ),
          spent: new Set(['spent']),
        },
      },
    },
  ],
  [
    'a revoked identity reaches nothing, by the policy',
    [],
    {
      service: { allow: [open('203.0.113.7:22')] },
      documents: [boundary({ revoked: [{ identity: 'source:10.20.0.0/24', reason: 'lost', at }] })],
    },
  ],
  [
    'a revoked identity reaches nothing, by the facts of the moment',
    [],
    {
      service: { allow: [open('203.0.113.7:22')] },
      question: { facts: { ...noFacts, revokedIdentities: new Set(['source:10.20.0.0/24']) } },
    },
  ],
  [
    'a service that the policy does not have reaches nothing',
    [],
    { question: { principal: sourcePrincipal('other') } },
  ],
];

function open(to: string, extra: Partial<RuleNode> | number = {}): ReturnType<typeof ruleNode> {
  return ruleNode(`tcp://${to}`, typeof extra === 'number' ? {} : extra);
}

describe('the address plane', () => {
  for (const [title, expected, scene] of rows) {
    test(title, () => assert.deepEqual(texts(scene), expected));
  }

  test('of an observed service passes what nothing allows, and says so', () => {
    const plane = planeOf({
      service: {
        mode: 'observe',
        observeUntil: nowForTest + 1,
        allow: [open('203.0.113.7:22')],
        deny: [ruleNode('198.51.100.0/24:*')],
      },
      documents: [boundary({ deny: [ruleNode('192.0.2.0/24:22')] })],
    });
    const packets: readonly (readonly [string, string])[] = [
      ['allow', 'tcp 203.0.113.7 22'],
      ['observe', 'tcp 203.0.113.7 23'],
      ['observe', 'udp 203.0.113.7 22'],
      ['observe', 'tcp 198.51.100.7 443'],
      ['observe', 'tcp 2001:db8::7 443'],
      ['deny', 'tcp 192.0.2.7 22'],
      ['observe', 'tcp 192.0.2.7 23'],
      ['deny', 'tcp 10.0.0.1 443'],
      ['deny', 'tcp 169.254.169.254 80'],
    ];
    for (const [expected, packet] of packets) assert.equal(says(plane, packet), expected, packet);
  });

  test('never holds a platform address, whatever is allowed and observed', () => {
    const allow = ['tcp://0.0.0.0/0:*', 'udp://0.0.0.0/0:*', 'tcp://[::/0]:*', 'udp://[::/0]:*'].map((to) =>
      ruleNode(to, { via: ['everything'] }),
    );
    const everything: PolicyDocument = {
      kind: 'segments',
      owner: 'o',
      at,
      segments: [{ name: 'everything', ranges: ['0.0.0.0/0', '[::/0]'].map(blockOf), environment: null, at }],
    };
    for (const mode of ['enforce', 'observe'] as const) {
      const plane = planeOf({
        service: { allow, mode, observeUntil: mode === 'observe' ? nowForTest + 1 : null },
        documents: [everything],
      });
      assert.equal(says(plane, 'tcp 10.1.2.3 22'), 'allow');
      const closed = [
        '169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        '127.0.0.1',
        '::1',
        'fe80::1',
        '224.0.0.1',
        '::ffff:8.8.8.8',
      ];
      for (const text of [...closed, ...platformAddresses.map(({ prefix }) => prefix.first.text)]) {
        for (const packet of [`tcp ${text} 80`, `udp ${text} 53`]) assert.equal(says(plane, packet), 'deny', packet);
      }
    }
  });

  test('leaves ISATAP addresses out where they are all of a block', () => {
    const scene = {
      service: { allow: [open('[2001:db8::5efe:cb00:7107]:22'), open('[2001:db8:1:2:200:5efe::/96]:22')] },
    };
    assert.deepEqual(texts(scene), []);
    assert.ok(isIsatap(addressOf('2001:db8:1:2:200:5efe:a00:1')));
    assert.deepEqual([isatapForm.mask.text, isatapForm.value.text], ['::fdff:ffff:0:0', '::5efe:0:0']);
  });

  test('is a fault where it takes too many questions', () => {
    const policy = policyOf([serviceNode('payments-api', { allow: [open('0.0.0.0/0:22')] })]);
    const question = {
      principal: sourcePrincipal('payments-api'),
      facts: noFacts,
      network: planeNetwork,
      now: nowForTest,
    };
    const plane = addressPlane(policy, question, { mostQuestions: 50 });
    assert.ok(!plane.ok);
    assert.equal(plane.fault.code, 'plane_too_large');
    assert.match(plane.fault.message, /`payments-api`.*50 questions: name fewer/);
    assert.ok(addressPlane(policy, question).ok);
  });
});

function blockOf(text: string): Extract<ReturnType<typeof targetNode>['host'], { kind: 'prefix' }>['prefix'] {
  const { host } = targetNode(`${text}:*`);
  assert.ok(host.kind === 'prefix');
  return host.prefix;
}
