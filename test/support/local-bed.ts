import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, type GatewayBed, until } from './gateway-bed.ts';
import { createAuthority } from './pki.ts';

/** Users of the host; `deployer` is known to it by a name, `daemon`, the others by number only. */
export const users = { builder: 64_101, deployer: 1, stranger: 64_103, exempt: 64_104, watched: 64_105 } as const;

/** The cgroup of a unit that one of the services is named by. */
export const unitCgroup = '/exeat-local-test.slice/unit.service';

/** Words before a command that has cgroups of v2 where hosts have them: `ip netns exec` leaves that place empty. */
export const withCgroups: readonly string[] = [
  ...['sh', '-c', 'mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; exec "$@"', 'sh'],
];

/** Words before a command that is to run in the unit's cgroup, which is made anew. */
export const inUnit: readonly string[] = [
  ...withCgroups,
  ...[
    'sh',
    '-c',
    `mkdir -p /sys/fs/cgroup${unitCgroup} && echo $$ > /sys/fs/cgroup${unitCgroup}/cgroup.procs && exec "$@"`,
    'sh',
  ],
];

/** Words before a command that is to run as a user, in a group of the same number and no other. */
export function asUser(user: number): readonly string[] {
  return ['setpriv', '--reuid', String(user), '--regid', String(user), '--clear-groups', '--'];
}

/** Services of the users; `more` are targets of the first. */
export function localPolicy(more: readonly string[]): string {
  const rules = more.map((to) => `  - { to: "${to}", reason: a rule that goes again }\n`).join('');
  const until_ = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const head = (name: string, user: string, mode: string): string =>
    `apiVersion: exeat/v1\nservice: ${name}\nowner: team\nkind: app\nmode: ${mode}\nidentities: [ { local: { user: ${user} } } ]\nallow:\n`;
  return `${head('builder', String(users.builder), 'enforce')}  - { to: "web.example.com:443", reason: the site }
  - { to: "tcp://db.example.com:5432", reason: the database }
  - { to: "tcp://${at.far[4]}:5433", reason: the store of this house }
  - { to: "tcp://[${at.far[6]}]:5433", reason: the store of this house }
  - { to: "udp://${at.far[4]}:123", reason: the clock of this house }
  - { to: "udp://[${at.far[6]}]:123", reason: the clock of this house }
${rules}---
${head('deployer', 'daemon', 'enforce')}  - { to: "other.example.com:443", reason: the other site }
---
${head('unit', 'X', 'enforce').replace('user: X', `cgroup: ${unitCgroup}`)}  - { to: "tcp://${at.far[4]}:5432", reason: the store of the unit }
---
${head('watched', String(users.watched), `observe\nobserveUntil: ${until_}`)}  - { to: "db.example.com:443", reason: something else }
`;
}

/** Starts a TLS server for names at port 443 of the origin. */
export async function startTls(bed: GatewayBed, names: readonly string[]): Promise<ChildProcess> {
  const authority = await createAuthority('Gateway Test Root');
  const issued = await authority.issueServer({ names });
  writeFileSync(join(bed.folder, 'tls.crt'), issued.chainPem);
  writeFileSync(join(bed.folder, 'tls.key'), issued.keyPem);
  const files = ['-cert', join(bed.folder, 'tls.crt'), '-key', join(bed.folder, 'tls.key')];
  const words = ['openssl', 's_server', '-quiet', '-www', '-accept', '443', ...files];
  const child = spawn('ip', ['netns', 'exec', bed.names.origin, ...words], { stdio: 'ignore' });
  const isThere = async (): Promise<boolean> => (await bed.exec('origin', ['ss', '-ltn'])).includes(':443');
  await until(isThere, 'the TLS server');
  return child;
}
