import { type IpAddress, patternCovers } from '../../destination/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { keyKind, none, owner, ownerWord } from '../format/layout.ts';
import { firstMatch, hashOfText, matchPlace, mayBeShared } from '../format/lookup.ts';
import { createTextProbe, prepareText } from '../format/text-probe.ts';
import { OpenedPolicy } from '../open-policy.ts';
import { type PlaneQuestion, ReachAsker, type ReachedPorts } from './ask-reach.ts';
import { planeGrantsOf } from './plane-grants.ts';
import { isObservedAt } from './plane-index.ts';
import { PortCuts } from './port-cuts.ts';

/** A name (canonical) and the addresses that the principal was told for it. */
export interface NamePlaneQuestion extends PlaneQuestion {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
}

/** Ports at which one of the addresses of a name may be reached. */
export interface NamePlaneEntry extends ReachedPorts {
  readonly family: IpAddress['family'];
  /** Canonical text. */
  readonly address: string;
}

/**
 * At which ports the addresses that a principal was told for a name may be reached as `tcp` or `udp` that nothing reads: `decide` is asked
 * once for each protocol and run of ports that no entry for the name, and no boundary for the addresses, cuts; `approveAddresses` for
 * all addresses at once. In order of address, protocol and port; nothing where a name is reached by `tls` or `http` only. As in `addressPlane`, a
 * grant with a bound of bytes gives no entry. Addresses past the 256th are left out, as everywhere.
 */
export function namePlane(policy: CompiledPolicy, question: NamePlaneQuestion): readonly NamePlaneEntry[] {
  const row = policy instanceof OpenedPolicy ? policy.serviceRow(question.principal.service) : -1;
  if (!(policy instanceof OpenedPolicy) || row < 0) return [];
  const ports = portsOfName(policy, row, question);
  const host = { kind: 'name', name: question.name } as const;
  const runs = new ReachAsker(policy, question).reachedPorts(host, question.addresses, ports);
  return question.addresses.flatMap(({ family, text }, index) =>
    (runs[index] ?? []).map((reached) => ({ family, address: text, ...reached })),
  );
}

function portsOfName(policy: OpenedPolicy, row: number, question: NamePlaneQuestion): PortCuts {
  const { principal, facts, network, now, name, addresses } = question;
  const ports = new PortCuts(policy.view);
  if (isObservedAt(policy, row, now)) ports.openAll();
  addName(ports, policy, row, question);
  for (const grant of planeGrantsOf(facts.grants, principal.service)) {
    if (patternCovers(grant.target.host, { kind: 'name', name })) ports.addGrant(grant);
  }
  if (ports.isShut) return ports;
  for (const address of addresses) ports.addAddress(address, null);
  for (const { port } of network.localOrigins) ports.addPort(port);
  return ports;
}

const probe = createTextProbe();

/** Adds every entry for a name or for names above it: of the boundary, the members and the service. */
function addName(ports: PortCuts, { view }: OpenedPolicy, row: number, { principal, name }: NamePlaneQuestion): void {
  const salt = hashOfText(view.seed, principal.service);
  const ownerIndex = owner.firstService + row;
  prepareText(probe, name, view.seed);
  const addSlot = (ofOwner: number, slot: number): void => {
    if (slot >= 0) ports.addMatches(ofOwner, firstMatch(view, slot));
  };
  for (let labels = 1; labels <= probe.labels; labels++) {
    const kind = labels === probe.labels ? keyKind.exact : keyKind.below;
    addSlot(ownerIndex, view.keys.find(probe, labels, ownerIndex * 2 + kind, salt));
    if (!mayBeShared(view, probe, labels)) continue;
    for (const shared of [owner.boundary, owner.members]) {
      addSlot(shared, view.shared.find(probe, labels, shared * 2 + kind, shared * 2 + kind));
    }
  }
  for (const each of [owner.boundary, owner.members, ownerIndex]) {
    const any = view.words[view.owners.at + each * 4 + ownerWord.anySpan] as number;
    if (any !== none) ports.addMatches(each, matchPlace(view, any));
  }
}
