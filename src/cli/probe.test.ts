import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from './exit-codes.ts';
import { type ProbeFlags, parseProbeFlags } from './probe-flags.ts';
import { scorecardText } from './probe-text.ts';
import { runCli } from './run-cli.ts';

const none: ProbeFlags = { canaryAddress: [], only: [], timeout: '2s' };

async function run(...words: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const code = await runCli(['probe', ...words], {
    env: {},
    now: Date.now,
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
  });
  return { code, out, error };
}

test('flags become a request', () => {
  const flags = {
    ...none,
    canary: 'Canary.example:8443',
    canaryAddress: ['203.0.113.7', '2001:DB8::7'],
    timeout: '500ms',
  };
  const request = parseProbeFlags({ ...flags, allowed: 'bank.example', proxy: 'http://proxy.example:3128' }, {});
  assert.ok(request.ok);
  const { canary, canaryPort, addresses, timeoutMs, allowed, proxy } = request.value;
  assert.deepEqual([canary, canaryPort, timeoutMs, allowed], ['canary.example', 8443, 500, 'bank.example']);
  assert.deepEqual([addresses, proxy?.port], [['203.0.113.7', '2001:db8::7'], 3128]);
});

const wrong: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [['--canary', '203.0.113.7'], /is an address, use --canary-address/],
  [['--canary', 'canary.example:99999'], /--canary: port/],
  [['--canary-address', 'canary.example'], /--canary-address `canary.example` is not an address/],
  [['--allowed', '203.0.113.7'], /--allowed `203.0.113.7` is not a name/],
  [['--zone', 'a b'], /--zone `a b` is not a name/],
  [['--timeout', '2'], /--timeout: `2` is not a duration/],
  [['--timeout', '1m'], /outside 100ms to 10s/],
  [['--proxy', 'ftp://user:secret@proxy.example'], /^exeat: --proxy is no `http:/],
  [['--only', 'tlss'], /--only `tlss` names no way, did you mean `tls`/],
  [['canary', '--listen', 'canary.example'], /--listen `canary.example` is not an address/],
  [['canary', '--listen', '127.0.0.1', '--tcp', '0'], /--tcp: port `0` is outside 1-65535/],
];

for (const [words, says] of wrong) {
  test(`\`exeat probe ${words.join(' ')}\` is a fault of usage in one line`, async () => {
    const { code, out, error } = await run(...words);
    assert.deepEqual([code, out], [exitCodes.usage, '']);
    assert.match(error, says);
    assert.doesNotMatch(error, /secret/);
    assert.equal(error.trim().split('\n').length, 1);
  });
}

test('ways are listed with what they need', async () => {
  const { code, out } = await run('--list', '--only', 'tcp-443,raw-gre', '-o', 'json');
  assert.equal(code, exitCodes.ok);
  assert.deepEqual(
    JSON.parse(out).map(({ way, needs }: { way: string; needs: string[] }) => [way, needs]),
    [
      ['tcp-443', ['address']],
      ['raw-gre', ['address', 'root', 'helper']],
    ],
  );
});

test('a run in which nothing could be tried is an error, and no closed network', async () => {
  const { code, out, error } = await run('--only', 'tcp-443,tls-no-name', '--json');
  assert.deepEqual([code, JSON.parse(out).untested], [exitCodes.error, 2]);
  assert.match(error, /nothing could be tried/);
});

test('what closes open ways is said once for all of them', () => {
  const setting = { says: 'close it', link: 'probe.md#names' };
  const score = { group: 'tls', title: 'a title', ended: 'answer with the token', detail: null, ms: 3, setting };
  const text = scorecardText({
    token: '0123456789abcdef',
    scores: [
      { ...score, way: 'one', result: 'open' },
      { ...score, way: 'two', result: 'open' },
      { ...score, way: 'three', result: 'untested', ended: 'not tried', detail: 'needs root', ms: null },
    ],
    counts: { open: 2, closed: 0, untested: 1 },
  });
  assert.match(text, /^one +OPEN +answer with the token +3$/m);
  assert.match(text, /^three +untested +not tried: needs root +-$/m);
  assert.equal(text.split('-> close it (docs/guide/probe.md#names)').length, 2);
  assert.match(text, /\n2 open, 0 closed, 1 untested; the canary has this run as 0123456789abcdef\n$/);
});
