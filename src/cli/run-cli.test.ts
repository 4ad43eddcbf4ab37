import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CliIo } from './cli-io.ts';
import { registerCommands } from './commands.ts';
import { createProgram, runCli } from './run-cli.ts';

const quickstart = fileURLToPath(new URL('../../examples/quickstart/exeat.yaml', import.meta.url));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function say(...args: readonly string[]): Promise<Said> {
  let [out, error] = ['', ''];
  const io: CliIo = {
    env: {},
    now: () => Date.parse('2026-11-23T12:00:00Z'),
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
  };
  return { code: await runCli(args, io), out, error };
}

test('every command has a description and a help that ends well', async () => {
  const program = createProgram(
    { env: {}, now: Date.now, writeOut: () => undefined, writeError: () => undefined },
    registerCommands,
    () => undefined,
  );
  assert.ok(program.commands.length >= 10);
  for (const command of program.commands) {
    assert.notEqual(command.description(), '', command.name());
    assert.equal((await say(command.name(), '--help')).code, 0, command.name());
  }
});

test('faults of usage end with 64 and say what is allowed', async () => {
  for (const args of [['nope'], ['status', '--nope'], ['decide'], ['status', '-o', 'xml'], ['completion', 'tcsh']]) {
    const said = await say(...args);
    assert.equal(said.code, 64, args.join(' '));
    assert.equal(said.out, '');
    assert.match(said.error, /^exeat: [^\n]*--help`\n$/);
  }
});

test('a configuration that is not there is one line on stderr and exit code 1', async () => {
  const said = await say('status', '--config', '/nonexistent-exeat/exeat.yaml');
  assert.deepEqual({ ...said, error: said.error.replace(/:.*/s, '') }, { code: 1, out: '', error: 'exeat' });
  assert.equal(said.error.trim().split('\n').length, 1);
});

test('decide exits 0 for allow and 5 for deny, on the policy folder when nothing runs', async () => {
  const decide = (as: string, to: string): Promise<Said> =>
    say('decide', '--as', as, '--to', to, '--config', quickstart, '-o', 'json');
  const allow = await decide('demo-app', 'allowed.example:8443');
  assert.equal(allow.code, 0, allow.error);
  const deny = await decide('credential:demo', 'denied.example:8443');
  assert.equal(deny.code, 5, deny.error);
  assert.equal((JSON.parse(deny.out) as { reason: string }).reason, 'no_rule_matched');
});

test('decide says how to name who asks, when it was no service', async () => {
  const said = await say('decide', '--as', 'demo', '--to', 'allowed.example:8443', '--config', quickstart);
  assert.equal(said.code, 5);
  assert.match(said.out, /identity_unknown: `demo` is no service of the policy/);
  assert.match(said.out, /`credential:demo`/);
});

test('doctor has a line a check, its mend below it and the sum last', async () => {
  const said = await say('doctor', '--config', quickstart);
  assert.match(said.out, /^ok {4}node +24/);
  assert.match(said.out, /\n\n(?:all is well|\d+ failures?, \d+ warnings?)\n$/);
});

test('decide refuses a destination that is not spelled right, with exit code 1', async () => {
  const said = await say('decide', '--as', 'demo-app', '--to', '0x7f000001:443', '--config', quickstart);
  assert.equal(said.code, 1);
  assert.match(said.error, /^exeat: .*`0x7f000001`/);
});

test('env prints lines that a shell takes, with the secret left in a variable', async () => {
  const said = await say('env', '--as', 'demo', '--config', quickstart);
  assert.equal(said.code, 0);
  const script = `${said.out}printf %s "$https_proxy"`;
  const printed = execFileSync('sh', ['-c', script], { env: { EXEAT_SECRET: 's3cret' } }).toString();
  assert.equal(printed, 'http://demo:s3cret@127.0.0.1:3128');
  assert.match(
    (await say('env', '--as', 'demo', '--shell', 'fish', '--config', quickstart)).out,
    /^set -gx HTTP_PROXY "/,
  );
  assert.equal((await say('env', '--as', 'x"; rm', '--config', quickstart)).code, 1);
});

test('the completion scripts know every command and bash accepts its own', async () => {
  const bash = await say('completion', 'bash');
  execFileSync('bash', ['-n'], { input: bash.out });
  for (const shell of ['bash', 'zsh', 'fish']) assert.match((await say('completion', shell)).out, /decide/);
});

test('version prints both versions by -o', async () => {
  const said = await say('version', '-o', 'json');
  assert.equal((JSON.parse(said.out) as { node: string }).node, process.versions.node);
});
