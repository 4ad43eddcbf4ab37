import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCli } from './run-cli.ts';

const service = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow: [ { to: bank.example.com:443, reason: card settlement } ]
`;

/** The text of the one policy file, the exit code, and what stdout or stderr shows. */
const rows: readonly (readonly [what: string, text: string, code: number, shows: RegExp])[] = [
  ['a good policy', `${service}tests: [ { allow: bank.example.com:443 } ]\n`, 0, /1 test passed, 0 failed/],
  ['a warning', service.replace(':443,', ':*,'), 0, /port-any/],
  ['a failing test', `${service}tests: [ { allow: example.org:443 } ]\n`, 3, /no_rule_matched/],
  ['a finding that is an error', service.replace('bank.example.com:443', '"*:443"'), 3, /allow-all/],
  ['an unknown key', `${service}alow: []\n`, 1, /api\.yaml:7:1: unknown key `alow`.*\^.*did you mean `allow`/s],
  ['broken YAML', `${service}deny: ]\n`, 1, /api\.yaml:7:7/],
];

describe('exeat policy check', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-check-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function check(text: string, ...more: readonly string[]): Promise<{ code: number; shown: string }> {
    writeFileSync(join(folder, 'api.yaml'), text);
    let shown = '';
    const write = (part: string): void => {
      shown += part;
    };
    const now = (): number => Date.UTC(2026, 10, 23);
    const io = { env: {}, now, writeOut: write, writeError: write };
    return { code: await runCli(['policy', 'check', folder, ...more], io), shown };
  }

  for (const [what, text, code, shows] of rows)
    it(`${what} ends with exit code ${code} and says so`, async () => {
      const result = await check(text);
      assert.equal(result.code, code, result.shown);
      assert.match(result.shown, shows);
    });

  it('with -o json prints one object, with -o sarif a SARIF log', async () => {
    const json: unknown = JSON.parse((await check(service, '-o', 'json')).shown);
    assert.ok(typeof json === 'object' && json !== null && 'ok' in json && json.ok === true);
    const sarif: unknown = JSON.parse((await check(service, '-o', 'sarif')).shown);
    assert.ok(typeof sarif === 'object' && sarif !== null && 'version' in sarif && sarif.version === '2.1.0');
  });

  it('a second folder is a usage error, and nothing is checked', async () => {
    const { code, shown } = await check(service, join(folder, 'nope'));
    assert.equal(code, 64, shown);
  });
});
