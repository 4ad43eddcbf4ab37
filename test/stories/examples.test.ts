import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile, cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { runCli } from '../../src/cli/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { waitFor } from '../support/product.ts';
import { copyQuickstart, curlLines, freePorts, repositoryFolder, runLine } from '../support/quickstart-copy.ts';
import { skipUnless } from '../support/requires.ts';

const run = promisify(execFile);
const examples = join(repositoryFolder, 'examples');
const folders: string[] = [];

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-example-'));
  folders.push(folder);
  return folder;
}

describe('every example', () => {
  const paths = readdirSync(examples, { recursive: true, encoding: 'utf8' });
  const configs = paths.filter((path) => path.endsWith('exeat.yaml') && !path.includes('.exeat'));

  test('has a README', () => {
    const names = readdirSync(examples);
    assert.ok(names.length >= 4, `${names}`);
    for (const name of names) assert.ok(existsSync(join(examples, name, 'README.md')), name);
  });

  test('with an exeat.yaml loads without a fault', () => {
    assert.ok(configs.length >= 2, `${configs}`);
    for (const path of configs) {
      const loaded = loadConfig({ path: join(examples, path), env: {}, flags: {} });
      assert.ok(loaded.ok, `${path}: ${loaded.ok ? '' : JSON.stringify(loaded.fault)}`);
    }
  });

  test('with a policy passes `exeat policy check` without a finding', async () => {
    for (const path of configs) {
      let out = '';
      const io = {
        env: {},
        now: Date.now,
        writeOut: (text: string) => {
          out += text;
        },
        writeError: (text: string) => assert.fail(`${path}: ${text}`),
      };
      const folder = join(examples, path, '../policy');
      assert.equal(await runCli(['policy', 'check', folder, '-o', 'json'], io), 0, out);
      const { findings } = JSON.parse(out) as { readonly findings: readonly unknown[] };
      assert.deepEqual(findings, [], path);
    }
  });
});

describe('examples/systemd', () => {
  const unit = readFileSync(join(examples, 'systemd/exeat.service'), 'utf8');

  test('keeps what the unit promises', () => {
    const wanted = [
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'ProtectSystem=strict',
      'PrivateDevices=yes',
      'DynamicUser=yes',
      'StateDirectory=exeat',
      'StateDirectoryMode=0700',
      'Restart=on-failure',
    ];
    for (const line of wanted) assert.match(unit, new RegExp(`^${line}$`, 'm'));
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    assert.ok(seconds > 2 && seconds <= 30, 'longer than the drain');
    assert.match(unit, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  });

  test('starts a file that the build makes, by a command that exists', () => {
    const [, script, command] = /^ExecStart=\S+ \/opt\/exeat\/(dist\/\S+) (\w+) /m.exec(unit) ?? [];
    assert.equal(script, 'dist/cli/exeat.js');
    assert.ok(existsSync(join(repositoryFolder, 'src/cli/exeat.ts')));
    assert.equal(command, 'up');
  });

  // Not skipped where systemd is not installed (containers): what matters there is checked above, line by line.
  if (skipUnless('systemd-analyze') === false) {
    test('is a unit that systemd takes, with little exposure', async () => {
      const file = join(temporaryFolder(), 'exeat.service');
      // The path of Node is the machine's affair; what is checked is the rest.
      writeFileSync(file, unit.replace('/usr/bin/node', '/bin/true'));
      const verified = await run('systemd-analyze', ['verify', file]);
      assert.equal(verified.stderr, '');
      const report = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', '--threshold=20', file]);
      assert.match(report.stdout, /Overall exposure level/);
    });
  }
});

describe('examples/gateway', () => {
  const products = ['exeat.service', 'exeat-local.service'];
  const names = ['exeat-gateway-boot.service', 'exeat-gateway.service', ...products, 'exeat.socket'];
  const textOf = (name: string): string => readFileSync(join(examples, 'gateway', name), 'utf8');

  test('leaves the rights over the network to the helper alone', () => {
    const helper = textOf('exeat-gateway.service');
    for (const line of [
      'CapabilityBoundingSet=CAP_NET_ADMIN CAP_CHOWN',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6',
      'RuntimeDirectoryPreserve=yes',
      'Restart=always',
    ]) {
      assert.match(helper, new RegExp(`^${line}$`, 'm'));
    }
    for (const product of products) {
      for (const line of ['User=exeat', 'CapabilityBoundingSet=', 'AmbientCapabilities=', 'NoNewPrivileges=yes']) {
        assert.match(textOf(product), new RegExp(`^${line}$`, 'm'));
      }
    }
  });

  test('holds the processes of one machine with the same hardening, before anybody counts on the network', () => {
    const hardening = (name: string): readonly string[] =>
      textOf(name)
        .split('\n')
        .filter((line) => /^(?:Protect|Private|Restrict|SystemCall|NoNew|Lock|Remove|Cap|Amb|UMask|User)/.test(line));
    // What it has to read of /proc/sys.
    assert.deepEqual(
      hardening('exeat-local.service'),
      hardening('exeat.service').filter((line) => line !== 'ProcSubset=pid'),
    );
    assert.match(textOf('exeat-local.service'), /^Before=network-online\.target$/m);
    const loaded = loadConfig({ path: join(examples, 'gateway/local/exeat.yaml'), env: {}, flags: {} });
    assert.ok(loaded.ok && loaded.value.gateway !== null);
    const { helper, port } = loaded.value.gateway;
    assert.match(textOf('exeat-gateway.service'), new RegExp(` --socket ${helper} `));
    assert.match(textOf('exeat.socket'), new RegExp(`:${port}$`, 'm'));
    for (const name of products) {
      const [, folder] = /^RuntimeDirectory=(\S+)$/m.exec(textOf(name)) ?? [];
      assert.equal(loaded.value.run.socket, `/run/${folder}/run.sock`);
    }
  });

  test('fits together: helper, socket, ports and files are those of exeat.yaml and of the build', () => {
    const loaded = loadConfig({ path: join(examples, 'gateway/exeat.yaml'), env: {}, flags: {} });
    assert.ok(loaded.ok && loaded.value.gateway !== null);
    const { helper, port } = loaded.value.gateway;
    const [, script = '', socket] =
      /\/opt\/exeat\/dist\/(\S+)\.js --socket (\S+) /.exec(textOf('exeat-gateway.service')) ?? [];
    assert.equal(socket, helper);
    assert.ok(existsSync(join(repositoryFolder, 'src', `${script}.ts`)), script);
    assert.match(
      textOf('exeat.socket'),
      new RegExp(`^ListenStream=0\\.0\\.0\\.0:${port}\nListenStream=\\[::\\]:${port}$`, 'm'),
    );
  });

  test('shuts the door before the network is up', () => {
    for (const name of ['exeat-gateway-boot.service', 'exeat-gateway.service']) {
      assert.match(textOf(name), /^Before=network-pre\.target /m);
      assert.match(textOf(name), /^Wants=network-pre\.target/m);
    }
  });

  if (skipUnless('systemd-analyze') === false) {
    test('is units that systemd takes, with little exposure', async () => {
      const folder = temporaryFolder();
      for (const name of names) {
        writeFileSync(join(folder, name), textOf(name).replaceAll(/\/usr\/(?:bin\/node|sbin\/nft)/g, '/bin/true'));
      }
      const files = names.map((name) => join(folder, name));
      assert.equal((await run('systemd-analyze', ['verify', ...files])).stderr, '');
      for (const [name, threshold] of [
        ['exeat.service', 20],
        ['exeat-local.service', 20],
        ['exeat-gateway.service', 30],
      ] as const) {
        const words = ['security', '--offline=true', '--no-pager', `--threshold=${threshold}`, join(folder, name)];
        assert.match((await run('systemd-analyze', words)).stdout, /Overall exposure level/);
      }
    });
  }
});

describe('examples/container', () => {
  const text = readFileSync(join(examples, 'container/Containerfile'), 'utf8');
  let image: string;
  before(async () => {
    image = await buildTwin();
  });

  test('copies files that are there, or that its first stage makes', () => {
    const copies = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
    assert.ok(copies.length >= 5, `${copies}`);
    const roots = readdirSync(repositoryFolder);
    for (const path of copies) {
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      assert.ok(
        roots.some((name) => pattern.test(name)),
        path,
      );
    }
    const made = [...text.matchAll(/^COPY --from=build \/build\/(\S+) \/opt\/exeat\/(\S+)$/gm)];
    assert.deepEqual(made.map((match) => match[1]).sort(), ['dist', 'native', 'node_modules', 'package.json']);
    for (const match of made) assert.ok(existsSync(join(image, match[1] ?? '')), match[1]);
  });

  test('runs without privileges, by exec, on the Node that the package asks for', () => {
    assert.match(text, /^USER exeat$/m);
    assert.match(text, /^ENTRYPOINT \["node", "\/opt\/exeat\/dist\/cli\/exeat\.js"\]$/m);
    assert.match(text, /^CMD \["up", /m);
    const stages = [...text.matchAll(/^FROM node:(\d+)-/gm)].map((match) => match[1]);
    assert.deepEqual(stages, ['24', '24']);
    const { engines } = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    assert.equal(engines.node, '>=24');
  });

  test('the built twin says its version', async () => {
    const { stdout } = await run(process.execPath, [join(image, 'dist/cli/exeat.js'), '--version']);
    const { version } = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')) as { version: string };
    assert.equal(stdout.trim(), version);
  });

  test('the built twin serves the quickstart as the sources do', { skip: skipUnless('curl') }, async () => {
    const folder = copyQuickstart(await freePorts(3));
    folders.push(folder);
    const child = spawn(
      process.execPath,
      [join(image, 'dist/cli/exeat.js'), 'up', '--config', join(folder, 'exeat.yaml')],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exited = once(child, 'exit');
    let [out, log] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      log += part;
    });
    try {
      await waitFor(async () => child.exitCode !== null || out.includes('Ctrl-C'), 'the start', 60_000);
      const [allowed = '', denied = ''] = curlLines(out);
      assert.match((await runLine(allowed, folder)).stdout, /demo origin/, log);
      assert.match((await runLine(denied, folder)).stdout, /^HTTP\/1\.1 403 /, log);
    } finally {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      assert.equal(code, 0, log);
    }
  });
});

/** What the first stage of the image does, in a folder of its own; the installed dependencies stand in for `npm ci`. */
async function buildTwin(): Promise<string> {
  const folder = temporaryFolder();
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.pure.json', 'tsconfig.build.json']) {
    await copyFile(join(repositoryFolder, name), join(folder, name));
  }
  await cp(join(repositoryFolder, 'src'), join(folder, 'src'), { recursive: true });
  await cp(join(repositoryFolder, 'native'), join(folder, 'native'), { recursive: true });
  symlinkSync(join(repositoryFolder, 'node_modules'), join(folder, 'node_modules'));
  const [tool = '', ...args] = /RUN node (node_modules\/\S+ -p \S+)/
    .exec(readFileSync(join(examples, 'container/Containerfile'), 'utf8'))?.[1]
    ?.split(' ') ?? [''];
  await run(process.execPath, [join(folder, tool), ...args], { cwd: folder });
  return folder;
}
