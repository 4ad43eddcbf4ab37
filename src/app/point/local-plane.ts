import type { LocalPlan, ProcessEntry, Seat } from '../../gateway/index.ts';
import type { LocalName, LocalProcess } from '../../identity/index.ts';
import {
  type CompiledPolicy,
  type DecisionFacts,
  listLocalNames,
  type ProcessClass,
  processPlane,
} from '../../policy/index.ts';
import type { ClassIds } from './class-ids.ts';
import { type LocalAccounts, lookUpAccounts } from './local-accounts.ts';

/** Users times groups times cgroups that identities name: past it nobody of this machine is told apart. */
const mostProcesses = 20_000;

/** Looks names of accounts up. */
export type AccountLookUp = (users: readonly string[], groups: readonly string[]) => Promise<LocalAccounts>;

/** What the processes of this machine are computed from. */
export interface LocalPlaneParts {
  readonly policy: CompiledPolicy;
  readonly facts: DecisionFacts;
  readonly now: number;
  /** Numbers of classes, shared with those of sources, and of seats. */
  readonly ids: ClassIds;
  readonly seatIds: ClassIds;
  /** Default: those of this host. */
  readonly lookUp?: AccountLookUp;
}

/** A service on this machine: as the kernel knows it, and as the listener does. */
export interface LocalClass extends ProcessClass {
  readonly id: number;
  readonly seat: number;
  /** A process of it, as the kernel shows it. */
  readonly process: LocalProcess;
}

/** Who on this machine is which service. */
export interface LocalPlane {
  readonly plan: LocalPlan;
  readonly classes: readonly LocalClass[];
  /** One line each: names that this host does not know. */
  readonly problems: readonly string[];
}

/** Finds the service of every process that an identity can tell from others, by the one evaluator. */
export async function computeLocalPlane(parts: LocalPlaneParts): Promise<LocalPlane> {
  const names = listLocalNames(parts.policy);
  const valuesOf = (by: LocalName['by']): readonly string[] =>
    names.filter((name) => name.by === by).map(({ value }) => value);
  const accounts = await (parts.lookUp ?? lookUpAccounts)(valuesOf('user'), valuesOf('group'));
  const [users, groups] = [byNumber(accounts.users), byNumber(accounts.groups)];
  const cgroups = valuesOf('cgroup').map((path, index) => ({ index: index + 1, path }));
  const problems = unknownNames(names, accounts);
  const count = (users.size + 1) * (groups.size + 1) * (cgroups.length + 1);
  if (count > mostProcesses) {
    const says = `the policy tells ${count} kinds of processes of this machine apart, and ${mostProcesses} are the most: nobody of it is known`;
    return { plan: { cgroups: [], processes: [], seats: [] }, classes: [], problems: [...problems, says] };
  }
  const kinds = [{ index: 0, path: null }, ...cgroups].flatMap((cgroup) =>
    [null, ...users.keys()].flatMap((uid) => [null, ...groups.keys()].map((gid) => ({ cgroup, uid, gid }))),
  );
  const processes = kinds.map(
    ({ cgroup, uid, gid }): LocalProcess => ({
      ...{ uid, gid, cgroup: cgroup.path },
      userNames: users.get(uid ?? -1) ?? [],
      groupNames: groups.get(gid ?? -1) ?? [],
    }),
  );
  const classes = processPlane(parts.policy, processes, parts);
  const known = new Map<string, LocalClass>();
  const entries = kinds.map(({ cgroup, uid, gid }, at): ProcessEntry => {
    const mine = settle(parts, known, classes[at] ?? null, processes[at]);
    return { cgroup: cgroup.index, userId: uid, groupId: gid, serviceId: mine?.id ?? 0 };
  });
  const seats = [...known.values()].map(({ id, seat }): Seat => ({ serviceId: id, seat }));
  return { plan: { cgroups, processes: entries, seats }, classes: [...known.values()], problems };
}

// The seat goes by the identity alone: a grant or a revocation makes another class, and must not cut what goes on.
function settle(
  { ids, seatIds }: LocalPlaneParts,
  known: Map<string, LocalClass>,
  found: ProcessClass | null,
  process: LocalProcess | undefined,
): LocalClass | null {
  if (found === null || process === undefined) return null;
  const there = known.get(found.key);
  if (there !== undefined) return there;
  const { identity, alsoProven = [] } = found.principal;
  const seat = seatIds.idOf(JSON.stringify([identity, ...alsoProven]));
  const made = { ...found, id: ids.idOf(found.key), seat, process };
  known.set(found.key, made);
  return made;
}

function byNumber(numbers: ReadonlyMap<string, number>): ReadonlyMap<number, readonly string[]> {
  const names = new Map<number, string[]>();
  for (const [name, number] of numbers) names.set(number, [...(names.get(number) ?? []), name]);
  return names;
}

function unknownNames(names: readonly LocalName[], { users, groups }: LocalAccounts): readonly string[] {
  return names.flatMap(({ by, value, text }) => {
    if (by === 'cgroup' || (by === 'user' ? users : groups).has(value)) return [];
    return [`this host knows no ${by} \`${value}\`: \`local:${text}\` names nobody`];
  });
}
