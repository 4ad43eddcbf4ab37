import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Command } from 'commander';
import { createCli, type GlobalFlags } from './cli.ts';
import { registerCredentialAdd } from './credential-add.ts';
import { registerCredentialList } from './credential-list.ts';
import { registerCredentialRemove } from './credential-remove.ts';

describe('exeat credential', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exeat-cli-credential-'));
    await writeFile(join(folder, 'exeat.yaml'), 'policy: ./policy\ncredentials: ./credentials.json\n');
    await writeFile(join(folder, 'none.yaml'), 'policy: ./policy\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = async (...args: readonly string[]): Promise<{ code: number; out: string; error: string }> => {
    const seen = { out: '', error: '' };
    const io = {
      env: {},
      now: () => Date.parse('2026-11-23T12:00:00Z'),
      writeOut: (text: string) => {
        seen.out += text;
      },
      writeError: (text: string) => {
        seen.error += text;
      },
    };
    let code = -1;
    const program = new Command('exeat').option('--config <file>').option('-o, --output <format>', '', 'table');
    const flags = (): GlobalFlags => program.opts<GlobalFlags>();
    const cli = createCli(io, flags, (end) => {
      code = end;
    });
    const parent = program.command('credential');
    for (const register of [registerCredentialAdd, registerCredentialList, registerCredentialRemove])
      register(parent, cli);
    await program.parseAsync(['--config', join(folder, 'exeat.yaml'), ...args], { from: 'user' });
    return { code, ...seen };
  };

  it('add prints the secret alone on stdout, once, and list never shows it', async () => {
    const added = await run('credential', 'add', 'payments-api');
    assert.equal(added.code, 0);
    assert.match(added.out, /^exeat_[A-Za-z0-9_-]{43}\n$/);
    assert.equal(added.error.includes(added.out.trim()), false);
    const listed = await run('credential', 'list', '-o', 'json');
    const [row] = JSON.parse(listed.out) as { name: string; state: string; expires: string }[];
    assert.deepEqual([row?.name, row?.state, row?.expires], ['payments-api', 'live', '2027-02-21T12:00:00.000Z']);
    assert.equal(
      (listed.out + (await readFile(join(folder, 'credentials.json'), 'utf8'))).includes(added.out.trim()),
      false,
    );
  });

  it('remove takes one secret by id, or all of the name, and says so where there is none', async () => {
    const added = await run('credential', 'add', 'runner', '--expires', '8h', '-o', 'json');
    const { id } = JSON.parse(added.out) as { id: string };
    await run('credential', 'add', 'runner');
    assert.equal((await run('credential', 'add', 'runner')).code, 1);
    assert.equal((await run('credential', 'remove', 'runner', '--id', id)).code, 0);
    assert.equal((await run('credential', 'remove', 'runner')).code, 0);
    assert.equal((await run('credential', 'remove')).code, 64);
    assert.equal((await run('credential', 'remove', '--expired')).code, 0);
    const again = await run('credential', 'remove', 'runner');
    assert.equal(again.code, 1);
    assert.match(again.error, /^exeat: there is no credential `runner`/);
  });

  it('a duration, a name and a configuration that do not fit are one line each', async () => {
    for (const args of [
      ['credential', 'add', 'api', '--expires', 'soon'],
      ['credential', 'add', 'API'],
      ['credential', 'list', '--config', join(folder, 'none.yaml')],
    ]) {
      const result = await run(...args);
      assert.equal(result.code, 1, args.join(' '));
      assert.match(result.error, /^exeat: [^\n]+\n$/);
    }
  });
});
