import type { Fault } from '../../base/index.ts';
import type { GatewayConfig } from '../../config/index.ts';
import type { MachineView } from '../../gateway/index.ts';
import { type BeyondPorts, type CompiledPolicy, findRulesBeyondPorts } from '../../policy/index.ts';
import { type Inspection, pass } from './inspection.ts';

/** What the checks of the gateway are made from. `policy` is null where it does not compile, which another check says. */
export interface GatewayInspectionParts {
  readonly gateway: GatewayConfig;
  readonly machine: MachineView;
  readonly policy: CompiledPolicy | null;
}

// What a person reads in one go.
const mostShown = 5;

/** Judges whether this machine can be the gateway that the configuration describes. */
export function inspectGateway({ gateway, machine, policy }: GatewayInspectionParts): readonly Inspection[] {
  return [
    inspectKernel(machine),
    inspectNft(machine),
    inspectRights(machine),
    inspectLauncher(machine),
    ...(gateway.inside.length > 0 ? [inspectInside(gateway, machine)] : []),
    inspectIpv6(machine),
    inspectRoutes(machine),
    ...(gateway.inside.length > 0 ? [inspectForwarding(machine)] : []),
    ...(policy === null ? [] : [inspectPorts(gateway, policy)]),
  ];
}

function inspectKernel({ kernel, isKernelTooOld }: MachineView): Inspection {
  const check = 'gateway kernel';
  if (!isKernelTooOld) return pass(check, kernel);
  return { check, result: 'fail', says: `${kernel} is older than 5.11`, mend: 'run Linux 5.11 or later, best 6.12' };
}

function inspectNft({ nft }: MachineView): Inspection {
  const check = 'gateway nft';
  return nft.ok ? pass(check, `${nft.value}, takes the ruleset`) : broken(check, nft.fault);
}

function inspectRights({ hasNetAdmin }: MachineView): Inspection {
  const check = 'gateway rights';
  if (hasNetAdmin) return pass(check, 'CAP_NET_ADMIN');
  const says = 'this user has no CAP_NET_ADMIN, which the ruleset and the transparent sockets need';
  return {
    check,
    result: 'fail',
    says,
    mend: 'run `exeat up` and this check as root; decisions run without the right',
  };
}

function inspectLauncher({ launcher }: MachineView): Inspection {
  const check = 'gateway sockets';
  return launcher.ok ? pass(check, `made by ${launcher.value}`) : broken(check, launcher.fault);
}

function inspectInside({ inside }: GatewayConfig, { missingInterfaces }: MachineView): Inspection {
  const check = 'gateway inside';
  if (missingInterfaces.length === 0) return pass(check, inside.join(', '));
  return {
    check,
    result: 'fail',
    says: `no interface is named ${missingInterfaces.join(', ')}`,
    mend: 'make it, or set `gateway.inside` to names that `ip link` shows',
  };
}

function inspectIpv6({ ipv6, routes }: MachineView): Inspection {
  const check = 'gateway ipv6';
  if (ipv6 === 'absent') return pass(check, 'not in this kernel: nothing goes out by it');
  if (routes[6]?.ok === false) return broken(check, routes[6].fault);
  return pass(check, ipv6 === 'off' ? 'switched off for all interfaces' : 'ruled as IPv4 is');
}

function inspectRoutes({ routes }: MachineView): Inspection {
  const check = 'gateway routes';
  if (!routes[4].ok) return broken(check, routes[4].fault);
  const known = [...routes[4].value, ...(routes[6]?.ok === true ? routes[6].value : [])];
  if (known.length > 0) return pass(check, known.join(', '));
  return {
    check,
    result: 'warn',
    says: 'there is no default route: only networks next to this machine are reached',
    mend: 'give it one, `ip route add default via ADDRESS`',
  };
}

function inspectForwarding({ forwarding }: MachineView): Inspection {
  const check = 'gateway forwarding';
  if (forwarding.isOn) return pass(check, 'on');
  if (forwarding.isSettable) return pass(check, 'off, `exeat up` sets it once the ruleset is in force');
  return {
    check,
    result: 'fail',
    says: 'off, and this user may not set `net.ipv4.ip_forward`',
    mend: 'set it to 1, or let /proc/sys be written to',
  };
}

function inspectPorts({ tlsPorts, httpPorts }: GatewayConfig, policy: CompiledPolicy): Inspection {
  const check = 'gateway ports';
  const read = [...new Set([...tlsPorts, ...httpPorts])];
  const { rules, leftOut } = findRulesBeyondPorts(policy, read);
  if (rules.length === 0) return pass(check, `names are read at ${read.join(', ')}`);
  const shown = rules.slice(0, mostShown).map(({ id, protocol, ports }) => `${id} (${protocol} ${portsText(ports)})`);
  const rest = rules.length + leftOut - shown.length;
  return {
    check,
    result: 'warn',
    says: `only the proxy carries what is named at other ports: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`,
    mend: `add the ports to ${settingsOf(rules)}, or name others in the rules`,
  };
}

function settingsOf(rules: readonly BeyondPorts[]): string {
  const protocols = new Set(rules.map(({ protocol }) => protocol));
  const settings = [
    ...(protocols.has('tls') ? ['`gateway.tlsPorts`'] : []),
    ...(protocols.has('http') ? ['`gateway.httpPorts`'] : []),
  ];
  return settings.join(' and ');
}

function portsText(ports: BeyondPorts['ports']): string {
  return ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

// Faults of this room say what is wrong first and what to do after the first comma.
function broken(check: string, { message }: Fault): Inspection {
  const at = message.indexOf(', ');
  const [says, mend] = at < 0 ? [message, null] : [message.slice(0, at), message.slice(at + 2)];
  return { check, result: 'fail', says, mend: mend ?? 'see `nft` and `ip` of this machine' };
}
