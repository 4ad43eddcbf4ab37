import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Command } from 'commander';
import { type Said, sayWith } from '../../test/support/control-stub.ts';
import type { GatewayRemoval, GatewayStatus } from '../app/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { createCli, type GlobalFlags } from './cli.ts';
import { registerGatewayRemove } from './gateway-remove.ts';

const well: GatewayStatus = {
  isConnected: true,
  isInForce: true,
  services: 2,
  sources: 3,
  openEntries: 1,
  toldEntries: 40,
  connections: 5,
  runs: { live: 2, left: 62, ranges: ['198.51.100.0/24'], problem: null },
  deniedPackets: 7,
  droppedPackets: { spoofed: 11, invalid: 12, inbound: 13 },
  bytesUp: 2_048,
  bytesDown: 4_096,
  drifts: 0,
  lastDrift: null,
  problems: [],
};
const removal: GatewayRemoval = {
  settings: ['net/ipv4/ip_forward = 0'],
  routes: ['default via 192.0.2.1 dev eth0'],
  ruleCount: 12,
  hadTable: true,
};

let folder = '';
let point: Server;
let answer: unknown;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-cli-gateway-'));
  mkdirSync(join(folder, 'state', 'point'), { recursive: true });
  writeFileSync(join(folder, 'exeat.yaml'), 'policy: ./policy\nstate: ./state\n');
  writeFileSync(join(folder, 'away.yaml'), 'policy: ./policy\nstate: ./nothing\n');
  point = createServer((socket) => socket.on('data', () => socket.write(`${JSON.stringify(answer)}\n`)));
  await new Promise<void>((resolve) => point.listen(join(folder, 'state', 'point', 'point.sock'), resolve));
});
after(() => {
  point?.close();
  rmSync(folder, { recursive: true, force: true });
});

const say = (...args: readonly string[]): Promise<Said> =>
  sayWith({ EXEAT_CONFIG: join(folder, 'exeat.yaml') }, 'gateway', ...args);

describe('exeat gateway status', () => {
  test('tells what the kernel was told, and ends with 0 where the kernel holds it', async () => {
    answer = { ok: true, value: well };
    const said = await say('status');
    assert.equal(said.code, 0, said.error);
    assert.match(said.out, /^No problems\.\n/);
    assert.match(said.out, /\nopen by address +1 entry\ntold by DNS +40 entries\n/);
    assert.match(said.out, /\nruns +2, addresses for 62 more in 198\.51\.100\.0\/24\n/);
    assert.match(said.out, /\nbytes passed +2\.0 KiB up, 4\.0 KiB down\n/);
    assert.deepEqual(JSON.parse((await say('status', '-o', 'json')).out), well);
  });

  test('ends with 8 where the kernel does not hold it, problems first and the last drift last', async () => {
    const lastDrift = { at: '2026-11-28T18:00:00.000Z', seen: ['the table is gone'], by: '7 (nft)', isUndone: false };
    const problems = ['gateway: the ruleset was changed'];
    answer = { ok: true, value: { ...well, isInForce: false, drifts: 1, lastDrift, problems } };
    const said = await say('status');
    assert.equal(said.code, 8);
    assert.match(said.out, /^1 problem:\n {2}! gateway: the ruleset was changed\n/);
    assert.match(
      said.out,
      /\nLast drift at 2026-11-28T18:00:00\.000Z by 7 \(nft\), NOT UNDONE:\n {2}the table is gone\n$/,
    );
  });

  test('is one line where there is no gateway, or nothing runs', async () => {
    answer = { ok: false, message: 'the running product has no gateway' };
    assert.deepEqual(await say('status'), { code: 1, out: '', error: 'exeat: the running product has no gateway\n' });
    const away = await say('status', '--config', join(folder, 'away.yaml'));
    assert.equal(away.code, 1);
    assert.match(away.error, /^exeat: no running `exeat up` answers on this state/);
  });
});

describe('exeat gateway remove', () => {
  const run = async (
    removed: Result<GatewayRemoval>,
    ...args: readonly string[]
  ): Promise<Said & { asked: unknown }> => {
    const said = { code: -1, out: '', error: '', asked: null as unknown };
    const io = {
      env: {},
      now: Date.now,
      writeOut: (text: string) => {
        said.out += text;
      },
      writeError: (text: string) => {
        said.error += text;
      },
    };
    const program = new Command('exeat').option('--config <file>').option('-o, --output <format>', '', 'table');
    const cli = createCli(
      io,
      () => program.opts<GlobalFlags>(),
      (end) => {
        said.code = end;
      },
    );
    registerGatewayRemove(program, cli, async (_, stateFile) => {
      said.asked = stateFile;
      return removed;
    });
    await program.parseAsync(['--config', join(folder, 'exeat.yaml'), 'remove', ...args], { from: 'user' });
    return said;
  };

  test('says what was put back', async () => {
    const said = await run(ok(removal), '--state-file', '/run/other.json');
    assert.deepEqual([said.code, said.asked], [0, '/run/other.json']);
    assert.match(
      said.out,
      /^settings put back +net\/ipv4\/ip_forward = 0\nroutes back in `main` +default via 192\.0\.2\.1/,
    );
    assert.match(said.out, /\nrouting rules removed +12\nruleset `inet exeat` +removed\n$/);
    assert.deepEqual(JSON.parse((await run(ok(removal), '-o', 'json')).out), removal);
  });

  test('says that nothing was left, or why it did nothing', async () => {
    const nothing = await run(ok({ settings: [], routes: [], ruleCount: 0, hadTable: false }));
    assert.deepEqual([nothing.code, nothing.asked, nothing.out], [0, null, 'nothing of the gateway was left here\n']);
    const refused = await run(failed(fault('root_needed', 'run it as root')));
    assert.deepEqual([refused.code, refused.out, refused.error], [1, '', 'exeat: run it as root\n']);
  });
});

test('exeat gateway helper needs a socket, a file and a user by number', async () => {
  assert.equal((await say('helper', '--state', join(folder, 'h.json'))).code, 64);
  for (const user of ['exeat', '-1', '4294967295', '']) {
    const said = await say(
      'helper',
      '--socket',
      join(folder, 'h'),
      '--state',
      join(folder, 'h.json'),
      `--user=${user}`,
    );
    assert.equal(said.code, 1, user);
    assert.match(said.error, /^exeat: user `[^`]*` is not a number of a user, write what `id -u NAME` prints\n$/);
  }
});
