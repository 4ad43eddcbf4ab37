import { existsSync, writeFileSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { addressNumber } from '../kernel/address-number.ts';
import { runInterface, runMacs, runPrefix } from '../kernel/kernel-names.ts';
import type { GatewayPlace, RunLink } from '../kernel/kernel-plan.ts';
import { commandFault } from './nft-fault.ts';
import { hereFamilies, insideRule } from './route-guard.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';
import { runInterfaces } from './run-interfaces.ts';

// The link between the gateway and one run: a pair of interfaces, one of them in the network namespace of the run. The wire is theirs
// alone, and both ends know each other's hardware address: nobody is asked for it, and nobody else answers. The address of a run is routed
// to its link, so that the ruleset drops it wherever else it comes from. Nothing is set inside the namespace: whoever runs there is believed
// nothing anyway.

const ruled = new RegExp(` iif (${runPrefix}\\d+) `, 'g');

/** The interface of a run inside its namespace. */
const inner = 'eth0';

/** Makes the pair of a run, with the command that has the namespace at a path of its own. */
export type PairMaker = (commands: string) => Promise<CommandOutcome>;

/**
 * Makes the link to a run. What is left of another one of that number goes first. Faults: `run_refused` for addresses that no run has,
 * `run_unlinked` where the kernel does not make it.
 */
export async function makeRunLink(
  place: GatewayPlace | null,
  link: RunLink,
  { namespace, make }: { readonly namespace: string; readonly make: PairMaker },
): Promise<Result<null>> {
  const refusal = place === null ? 'no plan is in force' : whyRefused(place, link);
  if (place === null || refusal !== null) return failed(fault('run_refused', `this run gets no link: ${refusal}`));
  const name = runInterface(link.index);
  await removeLinks([name]);
  // One of a link that went with its namespace.
  await removeRules(name);
  const macs = runMacs(link.index);
  const ends = [`name ${name} address ${macs.gateway} type veth`, `peer name ${inner} address ${macs.run}`];
  const made = await make(`link add ${ends.join(' ')} netns ${namespace}\n`);
  if (made.code !== 0) return failed(linkFault(made));
  const set = await setLink(place, link);
  if (!set.ok) await removeLinks([name]);
  return set;
}

/** Takes away the links of all other runs, with their rules. What else they had goes with them. */
export async function keepRunLinks(kept: readonly number[]): Promise<Result<null>> {
  const names = new Set(kept.map(runInterface));
  const surplus = runInterfaces().filter((name) => !names.has(name));
  await removeLinks(surplus);
  for (const name of await ruledInterfaces()) if (!names.has(name)) await removeRules(name);
  const left = new Set(runInterfaces());
  const [stays] = surplus.filter((name) => left.has(name));
  return stays === undefined ? ok(null) : failed(fault('run_unlinked', `\`${stays}\` could not be taken away`));
}

// Its rule before anything can come by it; up at last.
async function setLink({ guardsRoutes }: GatewayPlace, { index, addresses }: RunLink): Promise<Result<null>> {
  const name = runInterface(index);
  const { run } = runMacs(index);
  setSysctls(name);
  for (const family of guardsRoutes ? hereFamilies() : []) {
    const ruled = await ip([`-${family}`, '-batch', '-'], `rule add pref ${insideRule(name)}\n`);
    if (ruled.code !== 0) return failed(linkFault(ruled));
  }
  const lines = addresses.flatMap(({ address, gateway }) => {
    const [bits, more] = address.includes(':') ? [128, ' nodad'] : [32, ''];
    return [
      `addr add ${gateway}/${bits} dev ${name}${more}`,
      `neigh replace ${address} lladdr ${run} dev ${name} nud permanent`,
      `route replace ${address}/${bits} dev ${name} src ${gateway}`,
    ];
  });
  const done = await ip(
    ['-batch', '-'],
    [
      ...(hereFamilies().includes(6) ? [`link set dev ${name} addrgenmode none`] : []),
      `link set dev ${name} up`,
      ...lines,
      '',
    ].join('\n'),
  );
  return done.code === 0 ? ok(null) : failed(linkFault(done));
}

// What the other end announces says nothing, and it is told of no shorter way.
function setSysctls(name: string): void {
  for (const [path, value] of [
    [`ipv6/conf/${name}/accept_ra`, '0'],
    [`ipv6/conf/${name}/accept_redirects`, '0'],
    [`ipv4/conf/${name}/accept_redirects`, '0'],
    [`ipv4/conf/${name}/send_redirects`, '0'],
  ] as const) {
    if (existsSync(`/proc/sys/net/${path}`)) writeFileSync(`/proc/sys/net/${path}`, value);
  }
}

async function removeLinks(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const there = new Set(runInterfaces());
  for (const name of names.filter((one) => there.has(one))) {
    await ip(['link', 'del', 'dev', name]);
    await removeRules(name);
  }
}

/** Those that there are rules for: of links that went with their namespaces too. */
async function ruledInterfaces(): Promise<ReadonlySet<string>> {
  const shown = await Promise.all(hereFamilies().map((family) => ip([`-${family}`, 'rule', 'show'])));
  const names = shown.flatMap(({ stdout }) => [...stdout.matchAll(ruled)].map(([, name = '']) => name));
  return new Set(names);
}

// Rules outlive what they name. Where there is none, there is nothing to take away.
async function removeRules(name: string): Promise<void> {
  for (const family of hereFamilies()) await ip([`-${family}`, 'rule', 'del', 'pref', ...insideRule(name).split(' ')]);
}

function whyRefused({ runs }: GatewayPlace, { addresses }: RunLink): string | null {
  for (const { address, gateway } of addresses) {
    const isOurs = [address, gateway].every((one) => runs.some((network) => isWithin(one, network)));
    if (!isOurs) return `\`${address}\` or \`${gateway}\` is none of those that runs have`;
  }
  return null;
}

function isWithin(address: string, { family, from, to }: GatewayPlace['runs'][number]): boolean {
  if ((address.includes(':') ? 6 : 4) !== family) return false;
  const number = addressNumber(address);
  return addressNumber(from) <= number && number <= addressNumber(to);
}

function ip(words: readonly string[], input = ''): Promise<CommandOutcome> {
  return runCommand('ip', words, { input });
}

function linkFault(outcome: CommandOutcome): ReturnType<typeof fault> {
  const { code, message } = commandFault('ip', outcome);
  return fault(code === 'kernel_refused' ? 'run_unlinked' : code, message);
}
