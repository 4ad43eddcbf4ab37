import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, openAt, openGatewayBed, planOf, until } from '../support/gateway-bed.ts';
import { skipUnless } from '../support/requires.ts';

// What a machine may lack: the start says which, and what to do, in one line; nothing is half in force.

describe('a machine that cannot hold a gateway', { skip: skipUnless('root', 'ip', 'nft') }, () => {
  const words = ['--socket', '/nonexistent/h.sock', '--state', '/nonexistent/h.json'];
  const helper = [process.execPath, 'src/gateway/helper/helper-process.ts', ...words];
  const start = (before_: readonly string[]): { readonly said: string; readonly code: number | null } => {
    const [program = '', ...rest] = [...before_, ...helper];
    const { stderr, status } = spawnSync(program, rest, { encoding: 'utf8' });
    return { said: stderr, code: status };
  };

  test('says which right it lacks', { skip: skipUnless('setpriv') }, () => {
    const { said, code } = start(['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin', '--']);
    assert.equal(said, 'the helper may not change the kernel, run it as root or give it CAP_NET_ADMIN\n');
    assert.equal(code, 1);
  });

  test('says to a user without rights what the product needs, at once and without a trace', {
    skip: skipUnless('setpriv'),
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-bad-'));
    try {
      mkdirSync(join(folder, 'policy'));
      const own = 'listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0", dns: "[::]:5353" }\n';
      const separate = 'gateway: { inside: [ lo ], binding: path, helper: /nonexistent/h.sock }\n';
      const starts: readonly (readonly [config: string, words: readonly string[], says: RegExp])[] = [
        [
          own,
          ['gateway', '--local'],
          /^exeat: the gateway changes .* no CAP_NET_ADMIN: start it as root, or give .*\n$/,
        ],
        [own + separate, ['up'], /^exeat: the sockets of the gateway need .*: let systemd make them .*\n$/],
      ];
      for (const [config, command, says] of starts) {
        const file = join(folder, 'exeat.yaml');
        writeFileSync(file, `policy: ./policy\nstate: ./state\n${config}`);
        chownSync(folder, 61_000, 61_000);
        const user = ['--reuid', '61000', '--regid', '61000', '--clear-groups', '--bounding-set', '-all', '--'];
        const exeat = [process.execPath, 'src/cli/exeat.ts', ...command, '--config', file];
        // Who is connected to the machine of the test is not asked here.
        const [program = '', ...rest] = ['unshare', '-n', 'setpriv', ...user, ...exeat];
        const { stderr, status } = spawnSync(program, rest, { encoding: 'utf8' });
        assert.match(stderr, says);
        assert.equal(status, 1);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('says that nft is missing', { skip: skipUnless('unshare', 'mount') }, () => {
    // Where it is on a Debian; `ip` stays, in another folder.
    const hide = 'mount -t tmpfs tmpfs /usr/sbin && exec "$@"';
    const { said, code } = start(['unshare', '-mn', '/bin/sh', '-c', hide, 'sh']);
    assert.equal(said, 'there is no program `nft`, install nftables 1.0.6 or later\n');
    assert.equal(code, 1);
  });
});

describe('a kernel that cannot route IPv6 by rules', { skip: skipUnless('root', 'ip', 'nft', 'perl') }, () => {
  let bed: GatewayBed;
  before(async () => {
    bed = await openGatewayBed();
    for (const host of [at.origin[4], at.origin[6]]) await bed.origin.tell({ does: 'listen', host, port: 5432 });
  });
  after(() => bed?.close());

  test('is told, with what to do, and lets nobody out meanwhile', async () => {
    const folder = join(bed.folder, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'ip'), noIpv6Rules);
    chmodSync(join(folder, 'ip'), 0o755);
    await bed.startHelper(`${folder}:${process.env['PATH']}`);
    const client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
    const applied = await client.apply(planOf([at.origin[4], at.origin[6]].map((one) => openAt(one, 5432))));
    assert.ok(!applied.ok);
    assert.equal(applied.fault.code, 'ipv6_unmanaged');
    assert.match(applied.fault.message, /set `net\.ipv6\.conf\.all\.disable_ipv6` to 1 or use a kernel with/);
    for (const host of [at.origin[4], at.origin[6]]) {
      const met = await bed.workload.tell({ does: 'open', host, port: 5432, timeoutMs: 500 });
      assert.doesNotMatch(met.result, / 5432 /, host);
    }
  });
});

// An `ip` on a kernel without IPV6_MULTIPLE_TABLES.
const noIpv6Rules = `#!/bin/sh
if [ "$1" = -6 ] && [ "$2" = rule ]; then echo 'RTNETLINK answers: Operation not supported' >&2; exit 2; fi
for real in /usr/sbin/ip /sbin/ip /usr/bin/ip /bin/ip; do [ -x $real ] && exec $real "$@"; done
`;
