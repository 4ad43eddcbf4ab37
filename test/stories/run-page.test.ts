import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LoopbackServer, serveOnLoopback } from '../support/loopback-server.ts';
import { skipUnless } from '../support/requires.ts';
import { openRunBed, type RunBed } from '../support/run-bed.ts';
import { type StoryOrigins, startStoryOrigins } from '../support/story-origins.ts';
import { type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/guide/run.md'), 'utf8');
const cli = join(import.meta.dirname, '../../src/cli/exeat.ts');
const registry = 'registry.example';

describe('exeat run with a point of its own', { skip: skipUnless('root', 'perl', 'bwrap', 'npm', 'curl') }, () => {
  let bed: RunBed;
  let origins: StoryOrigins;
  let authority: StubAuthority;
  let web: LoopbackServer;
  let project: string;

  before(async () => {
    bed = await openRunBed();
    origins = await startStoryOrigins([registry]);
    authority = await startStubAuthority({
      [registry]: { does: 'addresses', addresses: ['127.0.0.1'] },
      'web.example': { does: 'addresses', addresses: ['127.0.0.1'] },
    });
    web = await serveOnLoopback(createServer((_request, response) => response.end('hello\n')));
    project = join(bed.folder, 'project');
    for (const folder of [project, join(project, 'policy'), join(project, 'bin')]) mkdirSync(folder);
    writeFileSync(join(project, 'policy', 'ci.yaml'), policyText(origins.secure.port));
    writeFileSync(join(project, 'bin', 'exeat'), `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`);
    chmodSync(join(project, 'bin', 'exeat'), 0o755);
    writeLock(project, origins.secure.port);
  });
  after(async () => {
    await Promise.all([origins.close(), authority.close(), web.close()]);
    bed.close();
  });

  const shell = async (line: string): Promise<{ code: number; said: string }> => {
    const child = spawn('sh', ['-c', line], {
      cwd: project,
      env: {
        PATH: `${project}/bin:${process.env['PATH']}`,
        HOME: join(bed.folder, 'project'),
        NODE_EXTRA_CA_CERTS: origins.caFile,
        npm_config_registry: `https://${registry}:${origins.secure.port}/`,
        EXEAT_RESOLVER_SERVERS: authority.server,
        EXEAT_LOCAL_ORIGINS: `127.0.0.1:${origins.secure.port},127.0.0.1:${web.port}`,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  };

  test('the line that the page has for CI installs from the registry that the policy allows', async () => {
    const lines = [...page.matchAll(/^ +- (?:run: )?(exeat run .*)$/gm)].map((match) => match[1] ?? '');
    assert.deepEqual(
      lines,
      Array.from({ length: 2 }, () => 'exeat run --as ci-job --policy ./policy -- npm ci'),
    );
    const { code, said } = await shell(lines[0] ?? '');
    assert.equal(code, 0, said);
    assert.match(readFileSync(join(project, 'node_modules/exeat-story/package.json'), 'utf8'), /1\.0\.0/);
    assert.match(said, new RegExp(`Reached:\\n.*\\n +${registry}:${origins.secure.port} `));
    assert.match(said, /by a point of its own/);
  });

  test('under --observe all passes and is told, and --learn drafts what was needed, once', async () => {
    const ask = `sh -c 'curl -sS https://${registry}:${origins.secure.port}/ --cacert ${origins.caFile}; curl -sS -m 3 http://web.example:${web.port}/ http://169.254.169.254/'`;
    const line = `exeat run --as ci-job --policy ./policy --observe --learn draft.yaml --report report.json -- ${ask}`;
    const { code, said } = await shell(line);
    assert.equal(code, 0, said);
    assert.match(said, /as `ci-job` \(observe\)/);
    // Not even observing reaches a loopback that no rule names.
    assert.match(said, new RegExp(`http://web.example:${web.port} +1 +address_forbidden`));
    assert.match(said, /169\.254\.169\.254:80 +\d+ +boundary_denied/);
    const draft = readFileSync(join(project, 'draft.yaml'), 'utf8');
    assert.match(draft, new RegExp(`- \\{ to: "${registry}:${origins.secure.port}", reason: TODO \\}`));
    assert.equal(JSON.parse(readFileSync(join(project, 'report.json'), 'utf8')).isOwn, true);
    // Somebody filled in a reason: that is not lost to the next run.
    writeFileSync(join(project, 'draft.yaml'), draft.replace('TODO', 'the page'));
    const words = ['--as', 'ci-job', '--policy', join(project, 'policy'), '--learn', join(project, 'draft.yaml')];
    const again = await bed.run(words, 'true');
    assert.equal(again.code, 125);
    assert.match(again.said, /draft\.yaml` is there and is no draft as it was written/);
  });

  test('a policy that fails its own tests starts nothing', async () => {
    const wrong = `${policyText(1)}tests: [ { allow: "elsewhere.example:443" } ]\n`;
    mkdirSync(join(project, 'wrong'));
    writeFileSync(join(project, 'wrong', 'ci.yaml'), wrong);
    const { code, said } = await bed.run(['--as', 'ci-job', '--policy', join(project, 'wrong')], 'true');
    assert.equal(code, 125);
    assert.match(said, /^exeat: ci\.yaml:\d+:\d+: test failed: /);
  });
});

function policyText(port: number): string {
  return `apiVersion: exeat/v1
service: ci-job
owner: team-ci
kind: build
mode: enforce
identities: [ { local: { user: root } } ]
allow: [ { to: "${registry}:${port}", reason: packages } ]
`;
}

function writeLock(project: string, port: number): void {
  const story = { version: '1.0.0', resolved: `https://${registry}:${port}/exeat-story-1.0.0.tgz` };
  const own = { name: 'page', version: '1.0.0', dependencies: { 'exeat-story': '1.0.0' } };
  const packages = { '': own, 'node_modules/exeat-story': story };
  writeFileSync(join(project, 'package.json'), JSON.stringify(own));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify({ ...own, lockfileVersion: 3, packages }));
}
