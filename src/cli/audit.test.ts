import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { buildLog, createTestSigner, leavesOf } from '../../test/support/audit-fixture.ts';
import { renderVerifierKey } from '../audit/index.ts';
import { runCli } from './run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'cli-audit-'));
after(() => rmSync(root, { recursive: true, force: true }));
const signer = createTestSigner();

async function run(...args: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const seen = { out: '', error: '' };
  const code = await runCli(args, {
    env: {},
    now: () => Date.parse('2026-11-23T12:00:00Z'),
    writeOut: (text) => {
      seen.out += text;
    },
    writeError: (text) => {
      seen.error += text;
    },
  });
  return { code, ...seen };
}

function writeLog(dir: string, count: number): string {
  for (const [path, bytes] of buildLog(leavesOf(count), signer)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return dir;
}

test('a whole log ends with 0, says since when it is unanchored and that its own key can be replaced', async () => {
  const dir = writeLog(join(root, 'whole'), 300);
  const { code, out } = await run('audit', 'verify', dir);
  assert.equal(code, 0);
  assert.match(out, /^audit log exeat\/test in .*whole: a checkpoint over 300 entries$/m);
  assert.match(out, /^key: log\.pub of the folder itself, which whoever rewrites the log can replace/m);
  assert.match(out, /^unanchored since 2026-11-22T09:30:00\.000Z: .*give older checkpoints with --checkpoint$/m);
  assert.match(out, /^nothing was altered, removed or reordered$/m);
});

test('an altered log ends with 7 and names the file; a truncated one does against a checkpoint that was kept', async () => {
  const dir = writeLog(join(root, 'altered'), 300);
  const kept = join(root, 'kept.txt');
  writeFileSync(kept, readFileSync(join(dir, 'checkpoint')));
  const tile = join(dir, 'tile/entries/000');
  writeFileSync(
    tile,
    readFileSync(tile).map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
  );
  const altered = await run('audit', 'verify', dir);
  assert.equal(altered.code, 7);
  assert.match(altered.out, /^altered +tile\/entries\/000 /m);
  const cut = writeLog(join(root, 'cut'), 200);
  assert.equal((await run('audit', 'verify', cut)).code, 0);
  const found = await run('audit', 'verify', cut, '--checkpoint', kept, '-o', 'json');
  assert.equal(found.code, 7);
  const verdict = JSON.parse(found.out) as { isWhole: boolean; findings: readonly { kind: string; file: string }[] };
  assert.equal(verdict.isWhole, false);
  assert.deepEqual(
    verdict.findings.map(({ kind, file }) => [kind, file]),
    [['truncated', kept]],
  );
});

test('without a folder the log of the state is verified, with the anchors and the spool of the configuration', async () => {
  writeFileSync(
    join(root, 'exeat.yaml'),
    'state: ./state\naudit: { anchors: [ { path: ./anchor.txt }, { path: ./absent.txt } ] }\n',
  );
  const dir = writeLog(join(root, 'state/audit'), 300);
  mkdirSync(join(root, 'state/spool'));
  writeFileSync(join(root, 'state/spool/decisions-01764000000001-000000.ndjson'), '');
  writeFileSync(join(root, 'anchor.txt'), readFileSync(join(dir, 'checkpoint')));
  writeFileSync(join(root, 'log.pub'), `${renderVerifierKey(signer.key)}\n`);
  const config = ['--config', join(root, 'exeat.yaml')];
  const { code, out, error } = await run('audit', 'verify', '--key', join(root, 'log.pub'), ...config);
  assert.equal(code, 0);
  assert.match(out, /^anchored: the first 300 entries, by a checkpoint kept elsewhere$/m);
  assert.doesNotMatch(out, /unanchored/);
  assert.match(out, /^open, and not sealed: decisions-01764000000001-000000\.ndjson$/m);
  assert.match(error, /^exeat: an anchor is not compared: `.*absent\.txt` cannot be read: ENOENT$/m);
  rmSync(dir, { recursive: true });
  writeLog(dir, 299);
  const cut = await run('audit', 'verify', ...config);
  assert.equal(cut.code, 7);
  assert.match(cut.out, /^truncated +.*anchor\.txt +a checkpoint in it has 300 entries, the log has 299$/m);
});

test('evidence is exported and verified by itself, and a forged line ends with 7', async () => {
  const dir = writeLog(join(root, 'log'), 300);
  const out = join(root, 'pack');
  const span = ['--from', '2026-11-22T09:31:00Z', '--to', '2026-11-22T09:32:00Z'];
  const exported = await run('audit', 'export', dir, ...span, '--out', out);
  assert.equal(exported.code, 0);
  assert.match(exported.out, /^60 entries \(60 to 119\) of 300 in .*pack; check it with `exeat audit verify/);
  const whole = await run('audit', 'verify', out);
  assert.equal(whole.code, 0);
  assert.match(whole.out, /^evidence from the audit log exeat\/test in .*: a checkpoint over 300 entries$/m);
  const entries = join(out, 'entries.ndjson');
  writeFileSync(entries, readFileSync(entries, 'utf8').replace('"id":"ana"', '"id":"bob"'));
  assert.equal((await run('audit', 'verify', out)).code, 7);
});

test('what cannot be looked at is one line and exit 1, and a flag that is missing is 64', async () => {
  for (const args of [
    ['audit', 'verify', join(root, 'nowhere')],
    ['audit', 'verify', root, '--key', join(root, 'nowhere')],
    ['audit', 'export', root, '--from', 'soon', '--to', '1d', '--out', join(root, 'x')],
    ['audit', 'export', join(root, 'nowhere'), '--from', '2d', '--to', '1d', '--out', join(root, 'x')],
  ]) {
    const result = await run(...args);
    assert.equal(result.code, 1, args.join(' '));
    assert.match(result.error, /^exeat: [^\n]+\n$/);
  }
  assert.equal((await run('audit', 'export')).code, 64);
});
