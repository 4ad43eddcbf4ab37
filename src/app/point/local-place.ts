import { readFileSync } from 'node:fs';
import type { LocalConfig } from '../../config/index.ts';
import type { LocalPlace } from '../../gateway/index.ts';
import { lookUpAccounts } from './local-accounts.ts';
import type { AccountLookUp } from './local-plane.ts';

/** Whom hosts ask for their addresses as, beside root: clients of DHCP with a user of their own. */
const leasingUsers = ['0', 'systemd-network', 'dhcpcd'];

/** The part of the plan that the configuration and the host give for its own processes. */
export interface LocalPlaceFound {
  readonly place: LocalPlace | null;
  /** One line each: users that this host does not know. */
  readonly problems: readonly string[];
}

/** Finds out how the processes of this machine are held. */
export async function findLocalPlace(
  local: LocalConfig | null,
  lookUp: AccountLookUp = lookUpAccounts,
  firstPort: string = readText(firstPortPath),
): Promise<LocalPlaceFound> {
  if (local === null) return { place: null, problems: [] };
  const { users } = await lookUp([...local.exempt, ...leasingUsers], []);
  const numbersOf = (names: readonly string[]): readonly number[] => [
    ...new Set(names.flatMap((name) => users.get(name) ?? [])),
  ];
  const place = {
    groupId: process.getgid?.() ?? 0,
    exempt: numbersOf(local.exempt),
    leasing: numbersOf(leasingUsers),
    inbound: [...rootsPorts(firstPort), ...local.inbound.map((port) => ({ from: port, to: port }))],
  };
  const unknown = local.exempt.filter((name) => !users.has(name));
  return {
    place,
    problems: [
      ...unknown.map((name) => `\`gateway.local.exempt\`: this host knows no user \`${name}\``),
      ...(firstPort === ''
        ? [
            `\`${firstPortPath}\` cannot be read, so nobody outside is answered but at ports of \`gateway.local.inbound\`: let it be read (no \`ProcSubset=pid\`), or name the ports`,
          ]
        : []),
    ],
  };
}

const firstPortPath = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/** Ports that only root can listen at (ip(7)): a process that is judged cannot answer there. Where that is not known, none is. */
function rootsPorts(firstPort: string): LocalPlace['inbound'] {
  const last = firstPort === '' ? 0 : Math.min(Number(firstPort) - 1, 1_023);
  return last >= 1 ? [{ from: 1, to: last }] : [];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Hidden from this process: then it is not known, which is said.
    return '';
  }
}
