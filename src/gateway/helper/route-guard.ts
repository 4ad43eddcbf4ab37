import { existsSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { marks, routeTables, rulePriorities, runPrefix, uplinkMask } from '../kernel/kernel-names.ts';
import type { GatewayPlace } from '../kernel/kernel-plan.ts';
import { seatNetworks } from '../kernel/local-plan.ts';
import { holdOwn, releaseOwn } from './held-routes.ts';
import { commandFault } from './nft-fault.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';
import { runInterfaces } from './run-interfaces.ts';

// The routing of the gateway. Rules, in the order in which the kernel asks them:
//   470  what TPROXY marked is delivered to this machine
//   471, 472  what our ruleset let out: near networks by `main`, the rest by the default routes that we keep
//   473  what came from inside, or from a run, without that mark goes nowhere: the ruleset is gone, or was never there
//   474, 475  sockets of the point itself. By user and not by a mark set on output: the route of a connection is looked up before
//             any chain sees a packet of it, and what a closed socket still has to send has no user that a chain could read
// Where our own processes are held, instead of these:
//   467  the path back to a workload that is led to the listener is asked of `main`: by 470 each address is on this machine
//   468  what of theirs goes to the listener is led there by loopback
//   469  the seats of services (IPv6) are on loopback
//   476, 477  what a shell for people answers from port 22 finds its way without the ruleset too: only root has that port
//   478  what has a mark, so that the path back to a workload is asked of `main`: by 479 each address is on loopback. Only near networks
//   479  what anybody here sends, the point too, is held on loopback until the ruleset lets it out
// Moving the default routes alone would leave networks open that `main` has routes of their own to; rule 473 closes those too.

/** Default routes that were moved, and what else was found amiss: empty when all was as it should be. */
export interface RouteReport {
  /** One line for each: `a default route is in main again: default via 192.0.2.1 dev eth0`. */
  readonly amiss: readonly string[];
}

const rulesOfOurs = Object.values(rulePriorities) as readonly number[];
// Without its mask it would be no question at all; shown it is without.
const unmarked = 'fwmark 0/0xffffffff';
const near = 'lookup main suppress_prefixlength 0';

/** The families that this machine has. Without IPv6 in the kernel nothing goes out by it. */
export function hereFamilies(): readonly (4 | 6)[] {
  return existsSync('/proc/sys/net/ipv6') ? [4, 6] : [4];
}

/** Sets routes and rules as the place needs them; what is there already stays. Tells what was amiss. */
export async function applyRoutes(place: GatewayPlace): Promise<Result<RouteReport>> {
  const amiss: string[] = [];
  for (const family of hereFamilies()) {
    const done = await applyFamily(family, place);
    if (!done.ok) return done;
    amiss.push(...done.value);
  }
  return ok({ amiss });
}

/** What a removal took away and gave back. */
export interface RouteRemoval {
  /** Default routes that `main` has again, as words: `default via 192.0.2.1 dev eth0`. */
  readonly routes: readonly string[];
  /** How many routing rules went. */
  readonly ruleCount: number;
}

/** Takes our rules away and gives `main` its default routes back, from the table that they were kept in: nothing else remembers them. */
export async function removeRoutes(): Promise<Result<RouteRemoval>> {
  const routes: string[] = [];
  let ruleCount = 0;
  for (const family of hereFamilies()) {
    const kept = await routesOf(family, String(routeTables.uplink));
    const back = await batch(
      family,
      kept.map((route) => `route replace ${route} table main`),
    );
    if (!back.ok) return back;
    routes.push(...kept);
    for (const priority of rulesOfOurs) ruleCount += await deleteRules(family, priority);
    for (const table of Object.values(routeTables)) await ip(family, ['route', 'flush', 'table', String(table)]);
  }
  return ok({ routes, ruleCount });
}

/** The default routes out, wherever they are now. Faults: `ip_missing`, `ipv6_unmanaged`, `net_admin_missing`, `kernel_refused`. */
export async function readDefaultRoutes(family: 4 | 6): Promise<Result<readonly string[]>> {
  const rules = await ip(family, ['rule', 'show']);
  if (rules.code !== 0) return routeFault(family, rules);
  return ok([...(await routesOf(family, 'main')), ...(await routesOf(family, String(routeTables.uplink)))]);
}

/** Interfaces that the kept default routes lead out by. */
export async function uplinkInterfaces(): Promise<readonly string[]> {
  const routes = await routesOf(4, String(routeTables.uplink));
  return [...new Set(routes.flatMap((route) => [...route.matchAll(/\bdev (\S+)/g)].map((match) => match[1] ?? '')))];
}

async function applyFamily(family: 4 | 6, place: GatewayPlace): Promise<Result<readonly string[]>> {
  const shown = await ip(family, ['rule', 'show']);
  if (shown.code !== 0) return routeFault(family, shown);
  const amiss: string[] = [];
  const held = await settleHeld(family, place);
  if (!held.ok) return held;
  amiss.push(...held.value);
  const rules = await settleRules(family, place, shown.stdout);
  if (!rules.ok) return rules;
  amiss.push(...rules.value);
  if ((await routesOf(family, String(routeTables.local))).length === 0) {
    amiss.push(`the local route of table ${routeTables.local} (IPv${family})`);
    const made = await batch(family, [`route replace local default dev lo table ${routeTables.local}`]);
    if (!made.ok) return made;
  }
  const moved = place.guardsRoutes ? await guardDefaults(family) : await releaseDefaults(family);
  return moved.ok ? ok([...amiss, ...moved.value]) : moved;
}

// Before the rule that leads there: an empty table would lead on to `main`.
async function settleHeld(family: 4 | 6, place: GatewayPlace): Promise<Result<readonly string[]>> {
  const commands = { ip: (words: readonly string[]) => ip(family, words), batch: batchOf(family) };
  if (isHeld(place)) return holdOwn(family, commands);
  await releaseOwn(commands);
  return ok([]);
}

function batchOf(family: 4 | 6): (lines: readonly string[]) => Promise<Result<null>> {
  return (lines) => batch(family, lines);
}

function isHeld(place: GatewayPlace): boolean {
  return place.guardsRoutes && place.local !== null;
}

async function settleRules(family: 4 | 6, place: GatewayPlace, shown: string): Promise<Result<readonly string[]>> {
  const wanted = wantedRules(family, place);
  const there = readRules(shown);
  const surplus = there.filter((rule) => !wanted.includes(rule));
  const missing = wanted.filter((rule) => !there.includes(rule));
  // Added before anything is taken away: no packet meets a time without either.
  const done = await batch(family, [
    ...missing.map((rule) => `rule add pref ${rule}`),
    ...surplus.map((rule) => `rule del pref ${rule}`),
  ]);
  if (!done.ok) return done;
  return ok([
    ...missing.map((rule) => `the routing rule \`${rule}\` (IPv${family}) was missing`),
    // The link of a run goes with its namespace, and its rule is left.
    ...surplus.filter(isNotOfRun).map((rule) => `the routing rule \`${rule}\` (IPv${family}) is not ours`),
  ]);
}

/** The rule that lets nothing out that came from an interface, but what the ruleset let out. */
export function insideRule(name: string): string {
  return `${rulePriorities.inside} iif ${name} unreachable`;
}

function wantedRules(family: 4 | 6, place: GatewayPlace): readonly string[] {
  const { listener, markedNear, markedFar } = rulePriorities;
  const tproxy = `${listener} fwmark ${hex(marks.listener)} lookup ${routeTables.local}`;
  const seats = place.local === null ? [] : seatRules(family);
  if (!place.guardsRoutes) return [...seats, tproxy];
  return [
    ...seats,
    tproxy,
    `${markedNear} fwmark ${hex(marks.uplink)}/${hex(uplinkMask)} ${near}`,
    `${markedFar} fwmark ${hex(marks.uplink)}/${hex(uplinkMask)} lookup ${routeTables.uplink}`,
    ...[...place.inside, ...(place.runs.length > 0 ? runInterfaces() : [])].map(insideRule),
    ...(isHeld(place) ? heldRules() : ownRules(place)),
  ];
}

function seatRules(family: 4 | 6): readonly string[] {
  const { listenerBack, seated, seats } = rulePriorities;
  return [
    `${listenerBack} fwmark ${hex(marks.listener)} iif lo ${near}`,
    `${seated} fwmark ${hex(marks.seated)} lookup ${routeTables.local}`,
    ...(family === 6 ? [`${seats} to ${seatNetworks[6]} lookup ${routeTables.local}`] : []),
  ];
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}

function isNotOfRun(rule: string): boolean {
  return !rule.startsWith(`${rulePriorities.inside} iif ${runPrefix}`);
}

function ownRules({ userId }: GatewayPlace): readonly string[] {
  const own = `iif lo uidrange ${userId}-${userId}`;
  return [`${rulePriorities.ownNear} ${own} ${near}`, `${rulePriorities.ownFar} ${own} lookup ${routeTables.uplink}`];
}

function heldRules(): readonly string[] {
  const shell = 'iif lo ipproto tcp sport 22';
  return [
    `${rulePriorities.shellNear} ${shell} ${near}`,
    `${rulePriorities.shellFar} ${shell} lookup ${routeTables.uplink}`,
    `${rulePriorities.marked} not ${unmarked} iif lo ${near}`,
    `${rulePriorities.held} iif lo lookup ${routeTables.held}`,
  ];
}

// `470:\tfrom all fwmark 0xe47001 lookup 47100` becomes `470 fwmark 0xe47001 lookup 47100`, of our priorities only.
function readRules(shown: string): readonly string[] {
  return shown.split('\n').flatMap((line) => {
    const [, priority, not = '', words = ''] = /^(\d+):\s+(not )?from all (.*?)\s*$/.exec(line) ?? [];
    if (priority === undefined || !rulesOfOurs.includes(Number(priority))) return [];
    const plain = words
      .replaceAll('[detached] ', '')
      .replace(/ \[detached\]/, '')
      .replace(/^fwmark 0 /, `${unmarked} `);
    return [`${priority} ${not}${plain}`];
  });
}

async function guardDefaults(family: 4 | 6): Promise<Result<readonly string[]>> {
  const open = await routesOf(family, 'main');
  // Kept first and taken from `main` then: whoever is killed in between loses none.
  const done = await batch(
    family,
    open.flatMap((route) => [`route replace ${route} table ${routeTables.uplink}`, `route del ${route} table main`]),
  );
  return done.ok ? ok(open.map((route) => `the default route \`${route}\` was in \`main\``)) : done;
}

async function releaseDefaults(family: 4 | 6): Promise<Result<readonly string[]>> {
  const kept = await routesOf(family, String(routeTables.uplink));
  const done = await batch(
    family,
    kept.flatMap((route) => [`route replace ${route} table main`, `route del ${route} table ${routeTables.uplink}`]),
  );
  return done.ok ? ok([]) : done;
}

/** The default routes of a table, each as words that make it again. */
async function routesOf(family: 4 | 6, table: string): Promise<readonly string[]> {
  const shown = await ip(family, ['-o', 'route', 'show', 'table', table]);
  return shown.stdout
    .split('\n')
    .map((line) =>
      // What the kernel says of the state of a route, and not what makes it.
      line
        .replaceAll('\\', ' ')
        .replaceAll(/ (?:linkdown|dead|offload|rt_offload|trap|rt_trap)(?= |$)/g, '')
        .replaceAll(/ expires \S+/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => /^(?:local )?default\b/.test(line));
}

async function deleteRules(family: 4 | 6, priority: number): Promise<number> {
  const most = 64;
  for (let at = 0; at < most; at++) {
    if ((await ip(family, ['rule', 'del', 'pref', String(priority)])).code !== 0) return at;
  }
  return most;
}

async function batch(family: 4 | 6, lines: readonly string[]): Promise<Result<null>> {
  if (lines.length === 0) return ok(null);
  const outcome = await runCommand('ip', [`-${family}`, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return outcome.code === 0 ? ok(null) : routeFault(family, outcome);
}

function ip(family: 4 | 6, words: readonly string[]): Promise<CommandOutcome> {
  return runCommand('ip', [`-${family}`, ...words]);
}

function routeFault(
  family: 4 | 6,
  outcome: CommandOutcome,
): { readonly ok: false; readonly fault: ReturnType<typeof commandFault> } {
  if (family === 6 && /not supported/i.test(outcome.stderr)) {
    return failed(
      fault(
        'ipv6_unmanaged',
        'IPv6 cannot be routed by rules here, set `net.ipv6.conf.all.disable_ipv6` to 1 or use a kernel with IPV6_MULTIPLE_TABLES',
      ),
    );
  }
  return failed(commandFault('ip', outcome));
}
