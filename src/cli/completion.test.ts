import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { runCli } from './run-cli.ts';

let script = '';
await runCli(['completion', 'bash'], {
  env: {},
  now: Date.now,
  writeOut: (text) => {
    script += text;
  },
  writeError: () => undefined,
});

const cases: readonly (readonly [typed: readonly string[], offered: RegExp])[] = [
  [['pol'], /^policy$/],
  [['policy', 'ch'], /^check$/],
  [['--config', 'policy', 'explai'], /^explain$/],
  [['status', '-o', 'j'], /^json$/],
  [['status', '--config', ''], /^$/],
  [['env', '--runtime', 'ja'], /^java$/],
  [['completion', 'z'], /^zsh$/],
  [['probe', 'can'], /^canary$/],
  [['gateway', 're'], /^remove$/],
  [['gateway', 'helper', '--so'], /^--socket$/],
  [['probe', '--int'], /^--intrusive$/],
  [['decide', '--as', 'status', '--t'], /^--to$/],
];

for (const [typed, offered] of cases) {
  test(`bash completes \`exeat ${typed.join(' ')}\``, () => {
    const words = ['exeat', ...typed].map((word) => `'${word}'`).join(' ');
    const ask = `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _exeat; printf '%s' "\${COMPREPLY[*]}"`;
    assert.match(execFileSync('bash', ['-c', ask]).toString(), offered);
  });
}
