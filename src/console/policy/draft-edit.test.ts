import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicyFiles } from '../../policy/index.ts';
import { applyDraft, type ServiceDraft } from './draft-edit.ts';

const draft: ServiceDraft = {
  service: 'web',
  allow: [
    { to: 'cdn.example.com:443', via: [] },
    { to: 'tcp://db.example.com:5432', via: ['inside'] },
  ],
  enforce: false,
};
const head = 'apiVersion: exeat/v1\nservice: web # ours\nowner: team\nkind: app\n';
const identities = 'identities: [ "credential:web" ]\n';
const other = `apiVersion: exeat/v1\nservice: api\nowner: team\nkind: app\n${identities}`;
const lines = [
  '- { to: cdn.example.com:443, reason: TODO }',
  '- { to: "tcp://db.example.com:5432", via: [ inside ], reason: TODO }',
];

test('rules come below the last one, indented as it is, and the rest of the file stays', () => {
  for (const indent of ['', '  ', '      ']) {
    const before = `# on top\n${head}${identities}allow:\n${indent}# the bank\n${indent}- to: bank.example.com:443\n${indent}  reason: settlement # yes\n`;
    const after = 'tests:\n  - { allow: bank.example.com:443 }\n---\n';
    const added = lines.map((line) => `${indent}${line}\n`).join('');
    assert.equal(applyDraft(`${before}${after}${other}`, draft), `${before}${added}${after}${other}`);
  }
});

test('a list in brackets grows in them, an empty one and none become one', () => {
  const inBrackets = `${head}${identities}allow: [ { to: bank.example.com:443, reason: settlement } ] # all\n`;
  assert.match(
    applyDraft(inBrackets, draft) ?? '',
    /settlement \}, \{ to: cdn\.example\.com:443, reason: TODO \}, .* \] # all\n$/,
  );
  const added = `allow:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  assert.equal(applyDraft(`${head}allow: []\n${identities}`, draft), `${head}${added}${identities}`);
  assert.equal(applyDraft(`${head}${identities}`, draft), `${head}${identities}${added}`);
  assert.equal(applyDraft(`${head}${identities.trimEnd()}`, draft), `${head}${identities}${added}`);
  assert.equal(applyDraft(`${head}${identities}---\n${other}`, draft), `${head}${identities}${added}---\n${other}`);
});

test('from observe to enforce, the date goes', () => {
  const observed = `${head}mode: observe # until the first invoice\nobserveUntil: 2026-12-01 # then\n${identities}`;
  const enforced = `${head}mode: enforce # until the first invoice\n${identities}`;
  assert.equal(applyDraft(observed, { service: 'web', allow: [], enforce: true }), enforced);
});

test('what is drafted loads once its reasons are written, whatever a name holds', () => {
  const hostile = ['"] # x', 'a: b', "it's", '{x}', 'a\nb', '- c'].map((to) => ({ to, via: [to] }));
  const text = applyDraft(`${head}${identities}`, { ...draft, allow: hostile }) ?? '';
  const { faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.ok(faults.length > 0);
  assert.ok(
    faults.every(({ code }) => code !== 'yaml_malformed' && code !== 'key_unknown'),
    JSON.stringify(faults),
  );
  const filled = (applyDraft(`${head}${identities}`, { ...draft, allow: draft.allow.slice(0, 1) }) ?? '').replace(
    'TODO',
    'pictures',
  );
  assert.deepEqual(parsePolicyFiles([{ path: 'a.yaml', text: filled }]).faults, []);
});

test('a file without the service, or one that is not YAML, is left alone', () => {
  assert.equal(applyDraft(other, draft), null);
  assert.equal(applyDraft(`${head}allow: [`, draft), null);
});
