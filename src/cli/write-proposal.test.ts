import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeProposal } from './write-proposal.ts';

const dir = mkdtempSync(join(tmpdir(), 'exeat-proposal-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('a proposal that nobody touched is replaced; one with a reason filled in is not', () => {
  const path = join(dir, 'payments/api.yaml');
  const write = (text: string, force = false): boolean =>
    writeProposal([{ path: 'payments/api.yaml', text }], { dir, force }).ok;
  assert.equal(write('reason: TODO\n'), true);
  assert.equal(write('reason: TODO # again\n'), true);
  assert.match(
    readFileSync(path, 'utf8'),
    /^# exeat flows propose, untouched: sha256:[0-9a-f]{64}\nreason: TODO # again\n$/,
  );
  writeFileSync(path, readFileSync(path, 'utf8').replace('TODO', 'card settlement'));
  assert.equal(write('reason: TODO\n'), false);
  assert.match(readFileSync(path, 'utf8'), /card settlement/);
  assert.equal(write('reason: TODO\n', true), true);
});

test('nothing is written when one file may not be', () => {
  writeFileSync(join(dir, 'mine.yaml'), 'mine\n');
  const written = writeProposal(
    [
      { path: 'first.yaml', text: 'a\n' },
      { path: 'mine.yaml', text: 'b\n' },
    ],
    { dir, force: false },
  );
  assert.ok(!written.ok);
  assert.equal(written.fault.code, 'proposal_exists');
  assert.throws(() => readFileSync(join(dir, 'first.yaml')));
});

test('no path leads out of the folder', () => {
  const written = writeProposal([{ path: '../out.yaml', text: 'a\n' }], { dir, force: true });
  assert.ok(!written.ok);
  assert.equal(written.fault.code, 'proposal_unwritable');
});
