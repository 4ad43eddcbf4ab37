import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAuthority } from '../support/pki.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';
import { cliPath, openRunBed, type RunBed, spawnRun, stranger } from '../support/run-bed.ts';
import { type StoryOrigins, startStoryOrigins } from '../support/story-origins.ts';

const allowed = 'allowed.example';
// What programs reach that know no proxy: on its own port, of a loopback address that nothing else is on.
const named = { host: 'named.example', address: '127.47.0.9' } as const;

// Folders with a socket that somebody listens on, made and removed for as long as the run lasts.
const churnScript = `
  const { createServer } = require('node:net'); const { mkdirSync, rmSync } = require('node:fs');
  const turn = (count) => { const folder = process.argv[1] + '/churn-' + count; mkdirSync(folder);
    const server = createServer().listen(folder + '/a.sock', () => setTimeout(() => { server.close(); rmSync(folder, { recursive: true }); turn(count + 1); }, 3)); };
  turn(0); setTimeout(() => process.exit(1), 60_000);`;

describe('exeat run', { skip: skipUnless('root', 'perl', 'bwrap', 'curl', 'setpriv', 'script') }, () => {
  let bed: RunBed;
  let origins: StoryOrigins;
  let sites: readonly Server[];
  let product: RunningProduct;

  before(async () => {
    bed = await openRunBed();
    origins = await startStoryOrigins([allowed]);
    sites = await startSites(bed.folder, [443, 8443]);
    await chmod(origins.folder, 0o755);
    product = await startProduct({
      policy: { 'ci.yaml': policyText(origins) },
      config: {
        run: { socket: './run.sock' },
        hosts: { [allowed]: '127.0.0.1', [named.host]: named.address, 'denied.example': '127.0.0.1' },
        localOrigins: [`127.0.0.1:${origins.secure.port}`, `${named.address}:443`, `${named.address}:8443`],
      },
    });
  });
  after(async () => {
    await product.stop();
    await origins.close();
    for (const site of sites) site.close();
    bed.close();
  });

  const asRoot = (script: string, ...words: readonly string[]): ReturnType<RunBed['run']> =>
    bed.run(['--as', 'ci-job', ...words], `cd $OUT\n${script}`);

  test('the way out is the policy of the service, and the running product records it', async () => {
    process.env['EXEAT_CONFIG'] = product.configPath;
    const { code, said } = await bed.run(
      ['--as', 'ci-job', '--config', product.configPath, '--report', join(bed.folder, 'report.json')],
      `cd $OUT
       curl -sS --cacert ${origins.caFile} https://${allowed}:${origins.secure.port}/echo -o body; echo $? > allowed
       curl -sS https://denied.example:${origins.secure.port}/ 2> denied
       by() { curl -sS -m 5 --noproxy '*' --cacert site-ca.pem "$@" 2>&1; echo "= $?"; }
       by https://${named.host}/ > unproxied
       by --resolve ${named.host}:443:203.0.113.9 https://${named.host}/ >> unproxied
       by -g --resolve '${named.host}:443:[2001:db8::9]' https://${named.host}/ >> unproxied
       by --resolve denied.example:443:203.0.113.9 https://denied.example/ >> unproxied
       by --resolve ${named.host}:8443:203.0.113.9 https://${named.host}:8443/ >> unproxied
       by -o meta http://169.254.169.254/ >> unproxied
       curl -sS -m 3 --noproxy '*' -k https://127.0.0.1:${origins.secure.port}/ > direct 2>&1; echo $? >> direct
       getent hosts ${allowed} > told; getent hosts denied.example > untold; cat /etc/resolv.conf > resolver
       echo $EXEAT_CONFIG $EXEAT_RUN > env; exit 9`,
    );
    delete process.env['EXEAT_CONFIG'];
    assert.equal(code, 9, said);
    assert.equal(bed.written('allowed'), '0');
    assert.match(bed.written('denied'), /403/);
    assert.match(bed.written('direct'), /\n7$/);
    const unproxied = bed
      .written('unproxied')
      .split('\n')
      .filter((line) => /^(?:site$|=)/.test(line));
    const reached = ['site', '= 0'];
    assert.deepEqual(unproxied, [...reached, ...reached, ...reached, '= 35', '= 7', '= 0'], bed.written('unproxied'));
    assert.match(said, /169\.254\.169\.254:80 +1 +boundary_denied/);
    assert.match(bed.written('told'), /127\.0\.0\.1/);
    assert.equal(bed.written('untold'), '');
    assert.match(bed.written('resolver'), /^nameserver 127\.0\.0\.1$/m);
    assert.equal(bed.written('env'), '1');
    assert.match(said, /as `ci-job` \(enforce\), by the running product/);
    assert.match(said, new RegExp(`Reached:\\n.*\\n +${allowed}:${origins.secure.port} +1 `));
    assert.match(said, /denied\.example:\d+ +1 +no_rule_matched +service owner: add a rule/);
    assert.match(said, /Not seen:\n {2}- what it wrote/);
    const report = JSON.parse(bed.written('report.json'));
    assert.equal(report.reached[0].host, allowed);
    assert.ok(report.reached[0].bytesDown > 100, JSON.stringify(report.reached));
    const record = await product.waitForRecord(
      (one) => one.kind === 'verdict' && one.point === 'proxy' && one.verdict === 'deny',
    );
    assert.equal(record.kind === 'verdict' && record.principal?.identity, 'local:user:0');
    assert.equal(report.denied.find((one: { host: string; port: number | null }) => one.port !== null).id, record.id);
  });

  test('a point of its own reads by name what the gateway of its configuration does', async () => {
    const path = join(bed.folder, 'own.yaml');
    const gateway = { inside: ['lan0'], binding: 'path', tlsPorts: [443, 8443], httpPorts: [8080] };
    const settings = {
      state: './own-state',
      listen: { dns: '[::]:5353' },
      gateway,
      hosts: { [named.host]: named.address },
    };
    writeFileSync(
      path,
      JSON.stringify({ policy: product.policyFolder, ...settings, localOrigins: [`${named.address}:8443`] }),
    );
    const { code, said } = await bed.run(
      ['--as', 'ci-job', '--config', path, '--policy', product.policyFolder],
      `(by() { curl -sS -m 5 --noproxy '*' -k "$@" 2>&1; echo "= $?"; }
       by --resolve ${named.host}:8443:203.0.113.9 https://${named.host}:8443/
       by --resolve denied.example:8443:203.0.113.9 https://denied.example:8443/
       by -o /dev/null -w '%{http_code}' http://198.51.100.9:8080/
       by --resolve ${named.host}:9443:203.0.113.9 https://${named.host}:9443/) > $OUT/ports 2>&1`,
    );
    assert.equal(code, 0, said);
    const lines = bed
      .written('ports')
      .split('\n')
      .filter((line) => /^(?:site$|403|=)/.test(line));
    assert.deepEqual(lines, ['site', '= 0', '= 35', '403= 0', '= 7'], bed.written('ports'));
  });

  test('a user without rights runs as what its user or one of its groups is listed for, and gets nothing of the host', async () => {
    const folder = join(bed.folder, 'home');
    mkdirSync(folder);
    await chmod(folder, 0o777);
    const config = ['--config', product.configPath];
    const script = `id -u; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; ls /run; echo [$SSH_AUTH_SOCK]; ls -d /proc/[0-9]* | wc -l; echo $(ls /proc/self/fd)
      curl -sS --cacert ${origins.caFile} -o /dev/null -w '%{http_code}\\n' https://${allowed}:${origins.secure.port}/echo; kill -TERM $$`;
    const inherited = openSync('/dev/null', 'r');
    const byGroup = await spawnRun(['--as', 'by-group', ...config, '--', 'sh', '-c', script], {
      cwd: folder,
      inherited,
    }).end;
    const lines = byGroup.out.split('\n');
    assert.equal(byGroup.code, 143, byGroup.said);
    assert.equal(lines[0], String(stranger.uid));
    assert.deepEqual(lines.slice(1, 4), ['CapEff:\t0000000000000000', 'NoNewPrivs:\t1', 'Seccomp:\t2']);
    assert.deepEqual(lines.slice(4, 7), ['lock', 'user', '[]']);
    assert.ok(Number(lines[7]) < 8, byGroup.out);
    // 3 is the folder that ls reads.
    assert.equal(lines[8], '0 1 2 3');
    assert.equal(lines[9], '200');
    const [byUser, root] = await Promise.all([
      spawnRun(['--as', 'ci-job', ...config, '--', 'true'], { cwd: folder }).end,
      bed.run(['--as', 'by-group', ...config], 'true'),
    ]);
    assert.equal(byUser.code, 125);
    assert.match(
      byUser.said,
      new RegExp(`user \`${stranger.uid}\` may not run as \`ci-job\`: none of its identities is this user`),
    );
    assert.equal(root.code, 125);
    assert.match(root.said, /user `root` may not run as `by-group`/);
  });

  test('what Exeat cannot start has code 125, what the command is has its own', async () => {
    const config = ['--config', product.configPath];
    const unknown = await bed.run(['--as', 'nobody-knows', ...config], 'true');
    assert.deepEqual([unknown.code, /no service `nobody-knows`/.test(unknown.said)], [125, true]);
    const observe = await bed.run(['--as', 'ci-job', '--observe', ...config], 'true');
    assert.deepEqual([observe.code, /the policy alone says who is observed/.test(observe.said)], [125, true]);
    assert.equal((await bed.run(['--as', 'ci-job', ...config], ['/nonexistent'])).code, 127);
    const folder = await bed.run(['--as', 'ci-job', '--quiet', ...config], ['/etc']);
    assert.deepEqual(folder, { code: 126, said: '' });
    assert.equal((await bed.run(['--as', 'ci-job', '--bogus'], ['true'])).code, 125);
    const elsewhere = await bed.run(
      ['--as', 'ci-job', '--learn', join(product.policyFolder, 'x.yaml'), ...config],
      'true',
    );
    assert.deepEqual([elsewhere.code, /is inside the policy/.test(elsewhere.said)], [125, true]);
  });

  test('sockets of the host are hidden but for those that are named', async (t) => {
    const path = join(bed.folder, 'docker.sock');
    const server = createServer((socket) => socket.end('engine\n')).listen(path);
    t.after(() => server.close());
    await chmod(path, 0o777);
    const ask = `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un($ARGV[0])) or die "$!\\n"; print <S>' ${path}`;
    const config = ['--config', product.configPath];
    const hidden = await asRoot(`${ask} > engine 2>&1; echo done`, ...config);
    assert.equal(hidden.code, 0, hidden.said);
    assert.equal(bed.written('engine'), 'Connection refused');
    const opened = await asRoot(`${ask} > engine 2>&1`, ...config, '--socket', path);
    assert.equal(opened.code, 0, opened.said);
    assert.equal(bed.written('engine'), 'engine');
  });

  test('a folder in which somebody else listens is not there, and sockets that come and go do not stop a run', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-other-'));
    const server = createServer().listen(join(folder, 'other.sock'));
    const churn = spawn(process.execPath, ['-e', churnScript, bed.folder], { stdio: 'ignore' });
    t.after(async () => {
      churn.kill('SIGKILL');
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const config = ['--config', product.configPath];
    for (let time = 0; time < 3; time++) {
      const { code, said } = await asRoot(`ls -d ${folder} > seen 2>&1; ls -d ${bed.folder} >> seen`, ...config);
      assert.equal(code, 0, said);
      assert.match(bed.written('seen'), /No such file or directory\n\/tmp/);
    }
    assert.equal(churn.exitCode, null);
  });

  test('a signal reaches the command, and killing the run ends all of it and is cleaned up by the next', async () => {
    const config = ['--config', product.configPath];
    const folder = join(bed.folder, 'home');
    const words = ['--as', 'by-group', ...config, '--', 'sh', '-c'];
    const trapping = spawnRun(
      [...words, `trap 'echo told; exit 3' TERM; touch started; for i in $(seq 200); do sleep 0.05; done`],
      { cwd: folder },
    );
    await waitFor(async () => readdirSync(folder).includes('started'), 'the command', 20_000);
    trapping.kill('SIGTERM');
    const end = await trapping.end;
    assert.deepEqual([end.code, end.out], [3, 'told\n'], end.said);
    const killed = spawnRun([...words, 'for i in $(seq 300); do date +%N > beat; sleep 0.02; done'], { cwd: folder });
    await waitFor(async () => readdirSync(folder).includes('beat'), 'the beat', 20_000);
    killed.kill('SIGKILL');
    await killed.end;
    const beat = readFileSync(join(folder, 'beat'), 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(readFileSync(join(folder, 'beat'), 'utf8'), beat);
    const left = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('exeat-run-'));
    assert.equal(left().length, 1);
    assert.equal((await spawnRun([...words, 'true'], { cwd: folder }).end).code, 0);
    assert.equal(left().length, 0);
  });

  test("a terminal is the command's: it reads from it, and Ctrl-C is for the command alone", async () => {
    const script = `sh -c 'trap "echo told; exit 4" INT; test -t 0 && read x; echo "read $x"; for i in $(seq 100); do sleep 0.1; done'`;
    const line = `${process.execPath} ${cliPath} run --quiet --as ci-job --config ${product.configPath} -- ${script}`;
    const terminal = spawn('script', ['-qefc', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString('utf8');
    });
    const ended = once(terminal, 'close');
    terminal.stdin.write('hello\r');
    await waitFor(async () => shown.includes('read hello'), 'what was typed', 20_000);
    terminal.stdin.write('\u0003');
    assert.deepEqual((await ended)[0], 4, shown);
    assert.equal(shown.split('told').length, 2, shown);
  });

  test('a service that is taken from a caller ends its run: nothing more goes out', async () => {
    const loop = `for i in $(seq 200); do [ -e go ] && break; sleep 0.05; done; curl -sS --cacert ${origins.caFile} https://${allowed}:${origins.secure.port}/echo > after 2>&1`;
    const running = asRoot(`touch waiting; ${loop}; exit 3`, '--config', product.configPath);
    await waitFor(async () => readdirSync(bed.folder).includes('waiting'), 'the command', 20_000);
    await product.changePolicy('ci.yaml', policyText(origins).replace('user: "0"', 'user: "61000"'));
    writeFileSync(join(bed.folder, 'go'), '');
    assert.notEqual((await running).code, 0);
    assert.match(bed.written('after'), /403/);
    await product.changePolicy('ci.yaml', policyText(origins));
  });
});

async function startSites(folder: string, ports: readonly number[]): Promise<readonly Server[]> {
  const authority = await createAuthority('Run Site Root');
  const issued = await authority.issueServer({ names: [named.host] });
  writeFileSync(join(folder, 'site-ca.pem'), authority.certificatePem);
  return Promise.all(
    ports.map(async (port) => {
      const server = createHttpsServer({ cert: issued.chainPem, key: issued.keyPem }, (_, response) =>
        response.end('site\n'),
      );
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(port, named.address, resolve));
      return server;
    }),
  );
}

function policyText(origins: StoryOrigins): string {
  const service = (name: string, identity: string): string => `apiVersion: exeat/v1
service: ${name}
owner: team-ci
kind: build
mode: enforce
identities: [ { local: ${identity} } ]
allow:
  - { to: "${allowed}:${origins.secure.port}", reason: what the build needs }
  - { to: "${named.host}:443", reason: what the build needs }
  - { to: "${named.host}:8443", reason: what the build needs }
`;
  return `${service('ci-job', '{ user: "0" }')}---\n${service('by-group', `{ group: "${stranger.group}" }`)}`;
}
