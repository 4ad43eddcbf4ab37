import { failed, ok, type Result } from '../../base/index.ts';
import type { KernelPlan } from '../kernel/kernel-plan.ts';
import { commandFault } from './nft-fault.ts';
import { hereFamilies } from './route-guard.ts';
import { runCommand } from './run-command.ts';

// Neighbours that are ours carry this number (rtnetlink(7), NDA_PROTOCOL), so that a removal takes no others away.
const protocol = 47;

/** What of a plan neighbours follow from. */
export type PinnedPlan = Pick<KernelPlan, 'place' | 'bindings'>;

/**
 * Pins every bound source to its hardware address: what is sent to it goes there, whatever somebody answers to ARP or neighbour discovery
 * for it. Only sources on a wire of ours: behind a router hardware addresses say nothing. Gives what was amiss, one line for each.
 */
export async function pinNeighbours({ place, bindings }: PinnedPlan): Promise<Result<readonly string[]>> {
  const amiss: string[] = [];
  for (const family of hereFamilies()) {
    const mine = place.binding === 'mac' ? bindings.filter((one) => one.family === family) : [];
    const wanted = await placed(family, place.inside, mine);
    const there = await pinned(family);
    const missing = wanted.filter((one) => !there.includes(one));
    // A neighbour that is pinned otherwise by now is replaced, not taken away.
    const held = new Set(wanted.map((one) => one.split(' lladdr ')[0]));
    const surplus = there.map((one) => one.split(' lladdr ')[0] ?? '').filter((one) => !held.has(one));
    const done = await batch(family, [
      ...missing.map((one) => `neigh replace ${one} nud permanent protocol ${protocol}`),
      ...surplus.map((one) => `neigh del ${one}`),
    ]);
    if (!done.ok) return done;
    amiss.push(...missing.map((one) => `the neighbour \`${one}\` was not pinned`));
  }
  return ok(amiss);
}

/** Takes every neighbour of ours away; they are found again by asking. */
export async function unpinNeighbours(): Promise<Result<null>> {
  for (const family of hereFamilies()) {
    const there = await pinned(family);
    const done = await batch(
      family,
      there.map((one) => `neigh del ${one.split(' lladdr ')[0]}`),
    );
    if (!done.ok) return done;
  }
  return ok(null);
}

// As `10.9.0.2 dev lan0 lladdr 02:00:00:00:09:02`, for those that are reached on one of the wires.
async function placed(
  family: 4 | 6,
  inside: readonly string[],
  bindings: KernelPlan['bindings'],
): Promise<readonly string[]> {
  if (bindings.length === 0) return [];
  const input = bindings.map(({ address }) => `route get ${address}\n`).join('');
  // What has no route yet is passed over, and looked for again.
  const { stdout } = await runCommand('ip', [`-${family}`, '-o', '-force', '-batch', '-'], { input });
  const devices = new Map(
    stdout.split('\n').flatMap((line) => {
      const [, address = '', via, device = ''] = /^(\S+) (?:from \S+ )?(via \S+ )?dev (\S+)/.exec(line) ?? [];
      return via === undefined && inside.includes(device) ? [[address, device] as const] : [];
    }),
  );
  return bindings.flatMap(({ address, mac }) => {
    const device = devices.get(address);
    return device === undefined ? [] : [`${address} dev ${device} lladdr ${mac}`];
  });
}

async function pinned(family: 4 | 6): Promise<readonly string[]> {
  const shown = await runCommand('ip', [`-${family}`, '-o', 'neigh', 'show', 'nud', 'permanent']);
  return shown.stdout.split('\n').flatMap((line) => {
    const [, words, number] = /^(\S+ dev \S+ lladdr \S+) .*\bproto (\d+)/.exec(line) ?? [];
    return words !== undefined && Number(number) === protocol ? [words] : [];
  });
}

async function batch(family: 4 | 6, lines: readonly string[]): Promise<Result<null>> {
  if (lines.length === 0) return ok(null);
  const outcome = await runCommand('ip', [`-${family}`, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return outcome.code === 0 ? ok(null) : failed(commandFault('ip', outcome));
}
