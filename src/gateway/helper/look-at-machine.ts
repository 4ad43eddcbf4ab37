import { existsSync, readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { release } from 'node:os';
import { failed, ok, type Result } from '../../base/index.ts';
import type { GatewayPlace } from '../kernel/kernel-plan.ts';
import { emptyLocalPlan } from '../kernel/local-plan.ts';
import { newTableText } from '../kernel/plan-text.ts';
import { commandFault } from './nft-fault.ts';
import { isOlder } from './probe-kernel.ts';
import { readDefaultRoutes } from './route-guard.ts';
import { runCommand } from './run-command.ts';
import { transparentCommand } from './transparent-launcher.ts';

/** What the gateway needs of a machine, as it is now. */
export interface MachineView {
  /** `6.18.44`. */
  readonly kernel: string;
  readonly isKernelTooOld: boolean;
  /** The version of `nft`, once it took our ruleset without putting it in force; or why not. */
  readonly nft: Result<string>;
  /** Whether this process has CAP_NET_ADMIN. */
  readonly hasNetAdmin: boolean;
  /** The program that makes the transparent sockets. */
  readonly launcher: Result<string>;
  /** Interfaces of `inside` that are not there. */
  readonly missingInterfaces: readonly string[];
  /** `off`: the kernel has it, and it is switched off for all interfaces. */
  readonly ipv6: 'on' | 'off' | 'absent';
  /** The default routes by family; null for IPv6 where the kernel has none. */
  readonly routes: { readonly 4: Result<readonly string[]>; readonly 6: Result<readonly string[]> | null };
  /** Whether the kernel forwards IPv4 now, and whether this process may change that. */
  readonly forwarding: { readonly isOn: boolean; readonly isSettable: boolean };
}

const forwardingPath = '/proc/sys/net/ipv4/ip_forward';
// linux/capability.h
const netAdminBit = 12n;

/** Looks at the machine and changes nothing: the ruleset is only checked. */
export async function lookAtMachine(place: GatewayPlace): Promise<MachineView> {
  const kernel = release();
  const launcher = transparentCommand({ port: place.listenerPort, command: ['true'] });
  const interfaces = readInterfaces();
  const hasIpv6 = existsSync('/proc/sys/net/ipv6');
  return {
    kernel,
    isKernelTooOld: isOlder(kernel),
    nft: await tryNft(place),
    hasNetAdmin: hasNetAdmin(),
    launcher: launcher.ok ? ok(launcher.value.program) : launcher,
    missingInterfaces: place.inside.filter((name) => !interfaces.has(name)),
    ipv6: hasIpv6 ? (readText('/proc/sys/net/ipv6/conf/all/disable_ipv6') === '1' ? 'off' : 'on') : 'absent',
    routes: { 4: await readDefaultRoutes(4), 6: hasIpv6 ? await readDefaultRoutes(6) : null },
    forwarding: { isOn: readText(forwardingPath) === '1', isSettable: await isWritable(forwardingPath) },
  };
}

async function tryNft(place: GatewayPlace): Promise<Result<string>> {
  const said = await runCommand('nft', ['--version']);
  if (said.code !== 0) return failed(commandFault('nft', said));
  const text = newTableText({ place, sources: [], local: emptyLocalPlan, bindings: [], open: [], closed: [] });
  if (!text.ok) return text;
  const checked = await runCommand('nft', ['-c', '-f', '-'], { input: text.value });
  if (checked.code !== 0) return failed(commandFault('nft', checked));
  return ok(/v(\d[\w.]*)/.exec(said.stdout)?.[1] ?? said.stdout.trim());
}

// Not /sys/class/net: in a network namespace that may still be the one of the machine.
function readInterfaces(): ReadonlySet<string> {
  const names = readText('/proc/self/net/dev').matchAll(/^ *([^\s:|]+):/gm);
  return new Set([...names].map(([, name = '']) => name));
}

/** Whether this process may change the network of the machine (CAP_NET_ADMIN). */
export function hasNetAdmin(): boolean {
  const held = /^CapEff:\s*([0-9a-f]+)/m.exec(readText('/proc/self/status'))?.[1] ?? '0';
  return ((BigInt(`0x${held}`) >> netAdminBit) & 1n) === 1n;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not on this system: then it says nothing.
    return '';
  }
}

async function isWritable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
