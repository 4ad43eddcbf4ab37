import { existsSync, readFileSync } from 'node:fs';
import { ok, type Result } from '../../base/index.ts';
import { marks, routeTables } from '../kernel/kernel-names.ts';
import { seatNetworks } from '../kernel/local-plan.ts';
import type { CommandOutcome } from './run-command.ts';

// What our own processes send has to have a way before any chain sees it. This one leads to loopback and ends there, unless the ruleset
// gives the packet another one: without the ruleset nothing goes out. It also tells a socket which address to speak from, so networks
// next to this machine stand in it one by one.
// IPv4 is held by a route that is no local one: the path back of what comes in is looked up here too, and a local one would be an insult.
// IPv6 takes only local ones by way of loopback, and looks no path back up.

/** How it is asked and told: `ip` of a family. */
export interface RouteCommands {
  readonly ip: (words: readonly string[]) => Promise<CommandOutcome>;
  readonly batch: (lines: readonly string[]) => Promise<Result<null>>;
}

const table = String(routeTables.held);
/** What every network is expected to carry; IPv6 can do with less, and finds out. */
const usualMtu = 1_500;

/** Makes the routes that hold our own processes follow the addresses of this machine. Tells what somebody took away. */
export async function holdOwn(family: 4 | 6, commands: RouteCommands): Promise<Result<readonly string[]>> {
  const wanted = family === 4 ? await wantedOf4(commands) : [`local default dev lo mtu ${usualMtu}`];
  const shown = await commands.ip(['-o', 'route', 'show', 'table', table]);
  const there = shown.stdout
    .split('\n')
    .map(plainRoute)
    .filter((line) => line !== '');
  const missing = wanted.filter((route) => !there.includes(route));
  const surplus = there.filter((route) => !wanted.includes(route));
  const done = await commands.batch([
    ...missing.map((route) => `route replace ${route} table ${table}`),
    ...surplus.filter((route) => !isReplaced(route, missing)).map((route) => `route del ${route} table ${table}`),
    ...(family === 6 ? await seatLines(commands) : []),
  ]);
  if (!done.ok) return done;
  return ok(there.length === 0 ? [`the routes that hold our own processes (IPv${family}) were missing`] : []);
}

/** Takes them away. */
export async function releaseOwn({ ip }: Pick<RouteCommands, 'ip'>): Promise<void> {
  await ip(['route', 'flush', 'table', table]);
}

async function wantedOf4({ ip }: RouteCommands): Promise<readonly string[]> {
  const near = (await ip(['-o', 'route', 'show', 'table', 'main'])).stdout.split('\n').flatMap((line) => {
    const [, network] = /^(\d[\d./]*) /.exec(line) ?? [];
    const [, source] = / src (\S+)/.exec(line) ?? [];
    return network === undefined || source === undefined ? [] : [{ network, source }];
  });
  const far = await ip(['-o', 'route', 'get', '192.0.2.1', 'mark', String(marks.uplink)]);
  const [, source = near[0]?.source] = / src (\S+)/.exec(far.stdout) ?? [];
  const mtu = await mtuOf(/ dev (\S+)/.exec(far.stdout)?.[1], ip);
  const all = source === undefined ? near : [...near, { network: 'default', source }];
  return all.map((one) => `${one.network} dev lo src ${one.source} mtu ${mtu}`);
}

async function mtuOf(device: string | undefined, ip: RouteCommands['ip']): Promise<number> {
  const shown = device === undefined ? '' : (await ip(['-o', 'link', 'show', 'dev', device])).stdout;
  return Number(/ mtu (\d+)/.exec(shown)?.[1] ?? usualMtu);
}

// `local default dev lo metric 1024 mtu 1500 pref medium` becomes what makes it.
function plainRoute(line: string): string {
  const [, local = '', network] = /^(local )?(\S+)/.exec(line.replaceAll('\\', ' ').trim()) ?? [];
  if (network === undefined) return '';
  const [, source] = / src (\S+)/.exec(line) ?? [];
  const [, mtu] = / mtu (\d+)/.exec(line) ?? [];
  const words = [`${local}${network}`, 'dev lo', source && `src ${source}`, mtu && `mtu ${mtu}`];
  return words.filter((word) => word).join(' ');
}

function isReplaced(route: string, missing: readonly string[]): boolean {
  const networkOf = (text: string): string => text.split(' dev ')[0] ?? '';
  return missing.some((other) => networkOf(other) === networkOf(route));
}

// So that what the filter says to a seat comes from where it was asked: ::1.
async function seatLines({ ip }: RouteCommands): Promise<readonly string[]> {
  const off = '/proc/sys/net/ipv6/conf/lo/disable_ipv6';
  if (existsSync(off) && readFileSync(off, 'utf8').trim() === '1') return [];
  const shown = await ip(['-o', 'route', 'show', 'table', String(routeTables.local)]);
  if (shown.stdout.includes(`local ${seatNetworks[6]} `)) return [];
  return [`route replace local ${seatNetworks[6]} dev lo src ::1 table ${routeTables.local}`];
}
