import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { environmentOf, type PolicyFaultCode, parsePolicyFile, parsePolicyFiles, policyFaultRows } from '../index.ts';

const head = 'apiVersion: exeat/v1\nowner: team-payments\n';
const service = `${head}service: payments-api\nkind: app\nidentities: [ "credential:payments-api" ]\n`;

function localOf(local: string): string {
  return service.replace('"credential:payments-api"', `local: ${local}`);
}

/** One text a row, with the code, line and column of its only fault. */
const faultyFiles: readonly (readonly [what: string, text: string, code: PolicyFaultCode, at: string])[] = [
  ['an anchor', `${service}allow: &a []\n`, 'yaml_feature_refused', '6:8'],
  ['an alias', `${service}allow: *a\n`, 'yaml_feature_refused', '6:8'],
  ['a tag', `${service}allow: !!seq []\n`, 'yaml_feature_refused', '6:8'],
  ['a directive', `%YAML 1.2\n---\n${service}`, 'yaml_feature_refused', '1:1'],
  ['a merge key', `${service}<<: { allow: [] }\n`, 'key_unknown', '6:1'],
  ['broken YAML', `${service}allow: ]\n`, 'yaml_malformed', '6:8'],
  ['a stray bracket alone', ']\n', 'yaml_malformed', '1:1'],
  ['deep nesting', `${service}allow: ${'['.repeat(10_000)}\n`, 'nesting_too_deep', '6:57'],
  ['a list as document', '- a\n', 'value_malformed', '1:1'],
  ['a document of no kind', head, 'kind_unknown', '1:1'],
  ['a document of two kinds', `${service}space: x\n`, 'kind_unknown', '1:1'],
  ['a group', `${head}group: staff\n`, 'key_unenforced', '3:1'],
  ['another version', service.replace('exeat/v1', 'exeat/v2'), 'version_unknown', '1:13'],
  ['no version', service.replace('apiVersion: exeat/v1\n', ''), 'version_unknown', '1:1'],
  ['no owner', service.replace('owner: team-payments\n', ''), 'owner_missing', '1:1'],
  ['an owner that is a placeholder', service.replace('team-payments', 'TBD'), 'reason_placeholder', '2:8'],
  ['an unknown key', `${service}alow: []\n`, 'key_unknown', '6:1'],
  ['a key that nothing enforces', `${service}limits: [ 1 ]\n`, 'key_unenforced', '6:1'],
  ['an environment in a service', `${service}environment: prod\n`, 'key_misplaced', '6:1'],
  ['a key twice', `${service}kind: app\n`, 'key_duplicate', '6:1'],
  ['no kind of service', service.replace('kind: app\n', ''), 'key_missing', '1:1'],
  ['an odd kind of service', service.replace('kind: app', 'kind: cron'), 'value_malformed', '4:7'],
  ['an odd name', service.replace('payments-api\nkind', 'Payments_API\nkind'), 'name_malformed', '3:10'],
  ['a reserved name', service.replace('service: payments-api', 'service: boundary'), 'name_malformed', '3:10'],
  ['observe without an end', `${service}mode: observe\n`, 'key_missing', '1:1'],
  ['observe until no date', `${service}mode: observe\nobserveUntil: 2026-02-30\n`, 'instant_malformed', '7:15'],
  ['an end without observe', `${service}observeUntil: 2026-12-20\n`, 'key_misplaced', '6:1'],
  ['no identities', service.replace('[ "credential:payments-api" ]', '[]'), 'value_malformed', '5:13'],
  [
    'an odd SPIFFE id',
    service.replace('"credential:payments-api"', 'spiffe://Corp.example/x'),
    'identity_malformed',
    '5:15',
  ],
  [
    'a token without claims',
    service.replace('"credential:payments-api"', '"token:https://ci.example.com"'),
    'identity_malformed',
    '5:15',
  ],
  [
    'a claim that is a number',
    service.replace('"credential:payments-api"', 'token: { issuer: "https://ci.example.com", claims: { id: 1 } }'),
    'value_malformed',
    '5:72',
  ],
  ['a local user of two kinds', localOf('{ user: a, group: b }'), 'identity_malformed', '5:22'],
  ['a local identity of nothing', localOf('{}'), 'identity_malformed', '5:22'],
  ['an unknown kind of local identity', localOf('{ pid: 1 }'), 'key_unknown', '5:24'],
  ['an odd local user', localOf('{ user: "a b" }'), 'identity_malformed', '5:30'],
  ['a local user that is no number', localOf('{ user: 1.5 }'), 'identity_malformed', '5:30'],
  ['a cgroup that is every process', localOf('{ cgroup: / }'), 'identity_malformed', '5:32'],
  ['a local identity twice', localOf('{ user: 1001 }, "local:user:1001"'), 'identity_duplicate', '5:38'],
  ['an identity twice', service.replace('[ ', '[ "credential:payments-api", '), 'identity_duplicate', '5:42'],
  ['an odd source', service.replace('"credential:payments-api"', 'source: 10.0.0.1/8'), 'range_malformed', '5:23'],
  ['a rule without a reason', `${service}allow:\n  - to: example.com:443\n`, 'reason_missing', '7:5'],
  [
    'a placeholder as reason',
    `${service}allow:\n  - { to: example.com:443, reason: todo }\n`,
    'reason_placeholder',
    '7:36',
  ],
  ['an empty reason', `${service}allow:\n  - { to: example.com:443, reason: }\n`, 'reason_placeholder', '7:36'],
  [
    'a reason of two lines',
    `${service}allow:\n  - { to: example.com:443, reason: "a b\\nc" }\n`,
    'value_malformed',
    '7:36',
  ],
  [
    'a target without a port',
    `${service}allow:\n  - { to: example.com, reason: card settlement }\n`,
    'target_malformed',
    '7:11',
  ],
  [
    'a rule twice',
    `${service}allow:\n  - { to: example.com:443, reason: a b }\n  - { to: "EXAMPLE.com:443", reason: c d }\n`,
    'rule_duplicate',
    '8:5',
  ],
  ['via in a deny', `${service}deny: [ { to: "example.com:*", reason: paste, via: x } ]\n`, 'key_misplaced', '6:47'],
  [
    'sni: none for a name',
    `${service}allow: [ { to: "example.com:443", reason: a b, sni: none } ]\n`,
    'key_misplaced',
    '6:48',
  ],
  ['a reference to nothing', `${service}allow: [ { to: "@nope", reason: a b } ]\n`, 'reference_unknown', '6:10'],
  [
    'a segment of no document',
    `${service}allow: [ { to: "example.com:443", reason: a b, via: nope } ]\n`,
    'segment_unknown',
    '6:10',
  ],
  [
    'a crossing to itself',
    `${service}allow: [ { to: "example.com:443", reason: a b, crossing: { from: a, to: a } } ]\n`,
    'value_malformed',
    '6:58',
  ],
  ['a test of a wildcard', `${service}tests: [ { allow: "*.example.com:443" } ]\n`, 'target_malformed', '6:19'],
  [
    'a test for an unknown reason',
    `${service}tests: [ { deny: "example.com:443", because: no_rule } ]\n`,
    'value_malformed',
    '6:46',
  ],
  ['a test without expectation', `${service}tests: [ { because: no_rule_matched } ]\n`, 'value_malformed', '6:10'],
  ['a service twice', `${service}---\n${service}`, 'name_duplicate', '7:1'],
  ['an odd class', `${head}destinations: x\nclass: secret\nmembers: [ "example.com:443" ]\n`, 'value_malformed', '4:8'],
  [
    'a member twice',
    `${head}destinations: x\nmembers: [ "example.com:443", "example.com:443" ]\n`,
    'rule_duplicate',
    '4:31',
  ],
  ['a segment without ranges', `${head}segments: { x: { environment: prod } }\n`, 'key_missing', '3:16'],
  ['a requirement of nothing', `${head}boundary: { requires: { admin: {} } }\n`, 'key_missing', '3:32'],
  [
    'a revocation without a reason',
    `${head}boundary: { revoked: [ { identity: "credential:x" } ] }\n`,
    'reason_missing',
    '3:24',
  ],
  [
    'a space outside of the tree',
    `${head}space: x\npath: ../x\nowners: [ a ]\nidentities: []\n`,
    'value_malformed',
    '4:7',
  ],
  [
    'unattributed without an end',
    `${head}unattributed: { sources: [ 10.0.0.0/8 ], reason: first rollout }\n`,
    'key_missing',
    '3:15',
  ],
  ['a tier of no length', `${head}tiers: { low: { longest: long } }\n`, 'quantity_malformed', '3:26'],
  ['tiers twice', `${head}tiers: {}\n---\n${head}tiers: {}\n`, 'tiers_duplicate', '5:1'],
];

describe('a policy file with a fault', () => {
  for (const [what, text, code, at] of faultyFiles)
    it(`${what} is ${code}, and the fault points at it`, () => {
      const { faults } = parsePolicyFiles([{ path: 'payments/api.yaml', text }]);
      assert.deepEqual(
        faults.map((fault) => [fault.code, `${fault.at.line}:${fault.at.column}`, fault.at.file]),
        [[code, at, 'payments/api.yaml']],
      );
    });

  it('the table covers every code that a small file can show', () => {
    const shown = new Set(faultyFiles.map(([, , code]) => code));
    const large: readonly string[] = ['file_too_large', 'faults_truncated', 'environment_unknown'];
    assert.deepEqual(
      Object.keys(policyFaultRows).filter((code) => !shown.has(code as PolicyFaultCode) && !large.includes(code)),
      [],
    );
  });

  it('an unknown key is answered with the nearest known one', () => {
    const { faults } = parsePolicyFile('a.yaml', `${service}alow: []\n`);
    assert.equal(faults[0]?.mend, 'did you mean `allow`');
  });

  it('a crossing to an environment that nothing has is a fault', () => {
    const text = `${service}allow: [ { to: "example.com:443", reason: a b, crossing: { from: dev, to: prd } } ]\n---\n${head}segments: { x: { ranges: [ 10.1.0.0/16 ], environment: prod } }\n`;
    const { faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
    assert.deepEqual(
      faults.map(({ code, mend }) => [code, mend]),
      [
        ['environment_unknown', null],
        ['environment_unknown', 'did you mean `prod`'],
      ],
    );
  });

  it('a file of nothing but errors is read in time that grows with its length only', () => {
    const { faults } = parsePolicyFile('a.yaml', '{a: b}}'.repeat(100_000));
    assert.equal(faults.length, 101);
  });

  it('more faults than anybody reads are counted as one', () => {
    const { faults } = parsePolicyFile(
      'a.yaml',
      service + Array.from({ length: 500 }, (_, n) => `k${n}: 1\n`).join(''),
    );
    assert.equal(faults.length, 101);
    assert.equal(faults.at(-1)?.code, 'faults_truncated');
  });
});

describe('a good policy', () => {
  it('the terms of an all: list have one order, however they were written', () => {
    const write = (list: string) => service.replace('"credential:payments-api"', `all: [ ${list} ]`);
    const texts = [
      '"source:10.20.0.0/24", "credential:payments-api"',
      '{ credential: payments-api }, { source: 10.20.0.0/24 }',
    ];
    for (const text of texts) {
      const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text: write(text) }]);
      assert.deepEqual(faults, []);
      const [document] = tree.documents;
      assert.equal(document?.kind, 'service');
      assert.deepEqual(
        document.identities[0]?.terms.map((term) => term.text),
        ['credential:payments-api', 'source:10.20.0.0/24'],
      );
    }
  });

  it('documents come in order of path, whatever the order of the files', () => {
    const files = ['b.yaml', 'a/z.yaml', 'a.yaml'].map((path, n) => ({
      path,
      text: service.replace('service: payments-api', `service: s-${n}`),
    }));
    const paths = parsePolicyFiles(files).tree.documents.map((document) => document.at.file);
    assert.deepEqual(paths, ['a.yaml', 'a/z.yaml', 'b.yaml']);
  });

  it('a service inherits the environment of the space with the longest path', () => {
    const space = (name: string, path: string, environment: string) =>
      `---\n${head}space: ${name}\npath: "${path}"\nowners: [ team-payments ]\nenvironment: ${environment}\nidentities: []\n`;
    const spaces = space('all', '**', 'dev') + space('pay', 'payments/**', 'prod');
    const { tree } = parsePolicyFiles([
      { path: 'payments/eu/api.yaml', text: service },
      { path: 'spaces.yaml', text: spaces },
    ]);
    const [document] = tree.documents;
    assert.equal(document?.kind === 'service' && environmentOf(tree, document), 'prod');
  });

  it('two spaces that disagree with equally long paths leave a service without environment', () => {
    const space = (name: string, path: string, environment: string) =>
      `---\n${head}space: ${name}\npath: "${path}"\nowners: [ team-payments ]\nenvironment: ${environment}\nidentities: []\n`;
    const spaces = space('one', 'pay*/**', 'dev') + space('two', 'p*ay/**', 'prod');
    const { tree } = parsePolicyFiles([
      { path: 'pay/api.yaml', text: service },
      { path: 'spaces.yaml', text: spaces },
    ]);
    const [document] = tree.documents;
    assert.equal(document?.kind === 'service' && environmentOf(tree, document), null);
  });
});

describe('placeholders, where they are accepted', () => {
  const texts: readonly (readonly [what: string, text: string])[] = [
    ['a reason', `${service}allow: [ { to: example.com:443, reason: TODO } ]\n`],
    ['a reason with more words', `${service}allow: [ { to: example.com:443, reason: "TODO: ask the team" } ]\n`],
    ['an empty reason', `${service}allow: [ { to: example.com:443, reason: } ]\n`],
    ['an owner', service.replace('team-payments', 'TBD')],
  ];
  for (const [what, text] of texts) {
    it(`${what} passes only there`, () => {
      const files = [{ path: 'a.yaml', text }];
      assert.deepEqual(
        parsePolicyFiles(files).faults.map(({ code }) => code),
        ['reason_placeholder'],
      );
      assert.deepEqual(parsePolicyFiles(files, { acceptsPlaceholders: true }).faults, []);
    });
  }

  it('nothing else passes: no missing reason, no missing owner, no reason of two lines', () => {
    const faulty: readonly (readonly [text: string, code: PolicyFaultCode])[] = [
      [`${service}allow: [ { to: example.com:443 } ]\n`, 'reason_missing'],
      [service.replace('owner: team-payments\n', ''), 'owner_missing'],
      [`${service}allow: [ { to: example.com:443, reason: "TODO\\nb" } ]\n`, 'value_malformed'],
    ];
    for (const [text, code] of faulty) {
      const { faults } = parsePolicyFiles([{ path: 'a.yaml', text }], { acceptsPlaceholders: true });
      assert.deepEqual(
        faults.map((fault) => fault.code),
        [code],
      );
    }
  });
});

describe('text from outside', () => {
  const words = [
    'apiVersion',
    'exeat/v1',
    'service',
    'owner',
    'allow',
    'to',
    '@x',
    'a.example:443',
    '[',
    ']',
    '{',
    '}',
    ':',
    ',',
    '-',
    '\n',
    ' ',
    '  ',
    '&a',
    '*a',
    '!t',
    '"',
    "'",
    '|',
    '>',
    '#',
    '?',
    '<<',
    '---',
    '\t',
    '%',
    '\u0000',
    '\ud800',
    '__proto__',
  ];

  it('never throws, and every fault has a place inside the file', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...words)).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        const lines = input.split('\n').length;
        for (const fault of parsePolicyFiles([{ path: 'x.yaml', text: input }]).faults) {
          assert.ok(fault.at.line >= 1 && fault.at.line <= lines && fault.at.column >= 1);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
