import type { Directory, Handling } from './person.ts';

/** How long somebody who created or reset an account, a token or a key of somebody else counts as one with them. */
export const handlingMs: number = 30 * 86_400_000;

/** Who counts as one: every person has the name of their component, the least id in it. */
export interface LinkedPeople {
  /** The name of a person's component; their own id where nobody is linked to them, or nobody knows them. */
  componentOf(person: string): string;
  /** Whether two ids are of one component. A person is linked to themselves. */
  areLinked(a: string, b: string): boolean;
  /** Everybody of a person's component, themselves included, in order of id. */
  membersOf(person: string): readonly string[];
}

/**
 * Joins people who may be one human or under one hand: by links that were said, and by who created or reset an account, a token or a key
 * within 30 days. Links reach on: whoever made the account that made an account is linked to it too. The founding links name nobody.
 */
export function linkPeople(directory: Directory, nowMs: number): LinkedPeople {
  const parents = new Map<string, string>();
  for (const [a, b] of findLinks(directory, nowMs)) join(parents, a, b);
  const componentOf = (person: string): string => rootOf(parents, person);
  const members = Map.groupBy([...directory.people.keys()].sort(), componentOf);
  return {
    componentOf,
    areLinked: (a, b) => componentOf(a) === componentOf(b),
    membersOf: (person) => members.get(componentOf(person)) ?? [person],
  };
}

/** Pairs of ids that count as one. A token or a key that was revoked since may have been used before, so it counts too. */
function findLinks(
  { people, tokens, keys, passkeys }: Directory,
  nowMs: number,
): readonly (readonly [string, string])[] {
  const recentOf = (person: string, handled: readonly Handling[]): readonly (readonly [string, string])[] =>
    handled.filter(({ atMs }) => nowMs - atMs < handlingMs).map((handling) => [person, handling.person]);
  return [
    ...[...people.values()].flatMap(({ id, linked }) => linked.map((other) => [id, other] as const)),
    ...[...people.values()].flatMap(({ id, handledBy }) => recentOf(id, handledBy)),
    ...[...tokens.values()].flatMap(({ person, handledBy }) => recentOf(person, handledBy)),
    ...[...passkeys.values()].flatMap(({ person, handledBy }) => recentOf(person, handledBy)),
    ...[...keys.values()].flatMap(({ person, enrolledBy, enrolledAtMs }) =>
      recentOf(person, [{ person: enrolledBy, atMs: enrolledAtMs }]),
    ),
  ];
}

function join(parents: Map<string, string>, a: string, b: string): void {
  const [left, right] = [rootOf(parents, a), rootOf(parents, b)];
  if (left === right) return;
  const [least, other] = left < right ? [left, right] : [right, left];
  parents.set(other, least);
}

function rootOf(parents: Map<string, string>, person: string): string {
  let root = person;
  for (let next = parents.get(root); next !== undefined; next = parents.get(root)) root = next;
  // Paths are cut short on the way, so that a chain of minted accounts costs nothing.
  for (let at = person; at !== root; ) {
    const next = parents.get(at) ?? root;
    parents.set(at, root);
    at = next;
  }
  return root;
}
