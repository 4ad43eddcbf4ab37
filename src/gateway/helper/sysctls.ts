import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { GatewayPlace } from '../kernel/kernel-plan.ts';
import { createKeptState, type KeptState } from './kept-state.ts';

interface SysctlRow {
  readonly path: string;
  readonly value: string;
}

// Set once the ruleset is in force, in this order. What was there before is kept and given back by a removal.
const errorRows: readonly SysctlRow[] = [
  // How often this machine says "unreachable" to one peer: one a second by default, so that a client whose seventh QUIC connection is
  // refused would wait for its own timeout. Without bit 3 (RFC 792, destination unreachable) of 6168; IPv6 without type 1.
  { path: 'net/ipv4/icmp_ratemask', value: '6160' },
  { path: 'net/ipv6/icmp/ratemask', value: '0,3-127' },
];
// Only a machine with workloads behind it forwards.
const forwardingRows: readonly SysctlRow[] = [
  { path: 'net/ipv4/ip_forward', value: '1' },
  { path: 'net/ipv6/conf/all/forwarding', value: '1' },
];

/**
 * Sets what a place needs. `uplinks` are the interfaces out whose strict paths are to be judged with our mark: all of them where our own
 * processes are held.
 */
export function applySysctls(stateFile: string, place: GatewayPlace, uplinks: readonly string[]): Result<null> {
  const kept = createKeptState(stateFile);
  const marked = (place.local === null ? uplinks : ['all']).map((name) => ({
    path: `net/ipv4/conf/${name.replaceAll('/', '.')}/src_valid_mark`,
    value: '1',
  }));
  for (const row of [...marked, ...errorRows, ...(place.inside.length + place.runs.length > 0 ? forwardingRows : [])]) {
    const done = setSysctl(kept, row);
    if (!done.ok) return done;
  }
  return ok(null);
}

/**
 * Gives every setting the value that it had before the first of ours, the last one first. Gives them as `net/ipv4/ip_forward = 0`. Fault:
 * `net_admin_missing`; what is left of them is kept.
 */
export function restoreSysctls(stateFile: string): Result<readonly string[]> {
  const kept = createKeptState(stateFile);
  const restored: string[] = [];
  for (const [path, value] of Object.entries(kept.read()).reverse()) {
    // An interface may be gone by now.
    if (!existsSync(`/proc/sys/${path}`)) continue;
    try {
      writeFileSync(`/proc/sys/${path}`, value);
    } catch (error) {
      return failed(settingFault(path, error));
    }
    restored.push(`${path} = ${value}`);
  }
  kept.remove();
  return ok(restored);
}

function setSysctl(kept: KeptState, { path, value }: SysctlRow): Result<null> {
  const file = `/proc/sys/${path}`;
  // A machine without IPv6 has no such settings, and forwards none.
  if (!existsSync(file)) return ok(null);
  try {
    const before = readFileSync(file, 'utf8').trim();
    if (before === value) return ok(null);
    kept.keep(path, before);
    writeFileSync(file, value);
    return ok(null);
  } catch (error) {
    return failed(settingFault(path, error));
  }
}

function settingFault(path: string, error: unknown): Fault {
  const cause = (error as NodeJS.ErrnoException).code ?? String(error);
  return fault('net_admin_missing', `the helper may not set \`${path}\` (${cause}), let it write to /proc/sys`);
}
