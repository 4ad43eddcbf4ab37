import type { Grant, GrantList } from '../policy/index.ts';
import type { ExceptionState } from './lifecycle/exception-state.ts';
import { type ExceptionStatus, statusOf } from './lifecycle/status.ts';
import { linkPeople } from './people/linked-people.ts';
import type { Directory } from './people/person.ts';

/** For so long after its end a denial says that a grant was there, in milliseconds: whoever is cut looks within the hour. */
const toldAfterMs = 3_600_000;

/** The most grants that are listed although they are over: they only tell why, and must not crowd out what counts. */
const mostTold = 10_000;

/**
 * The grants of states that may be live now or later; after them those that are over and still tell a denial why, revoked and suspended ones
 * until their time has come and expired ones for an hour. `ended` names those that ended early. Each in order of id.
 */
export function listGrants(states: Iterable<ExceptionState>, nowMs: number): Pick<GrantList, 'grants' | 'ended'> {
  const live: Grant[] = [];
  const over: Grant[] = [];
  const ended: GrantList['ended'][number][] = [];
  for (const state of states) {
    const { status } = statusOf(state, nowMs);
    const notAfterMs = state.grant?.notAfterMs ?? 0;
    if (isLive(status)) live.push(...grantOf(state));
    else if (nowMs < notAfterMs && isEndedEarly(status)) {
      over.push(...grantOf(state));
      ended.push({ id: state.id, why: status });
    } else if (nowMs < notAfterMs + toldAfterMs && status === 'expired') over.push(...grantOf(state));
  }
  const told = over.sort(byId).slice(-mostTold);
  return { grants: [...live.sort(byId), ...told], ended: ended.sort(byId) };
}

/** The grants of states that may be live now or later. */
export function grantsOf(states: Iterable<ExceptionState>, nowMs: number): readonly Grant[] {
  const isLive = ({ status }: ReturnType<typeof statusOf>): boolean => status === 'approved' || status === 'active';
  return [...states]
    .filter((state) => isLive(statusOf(state, nowMs)))
    .flatMap(grantOf)
    .sort(byId);
}

/**
 * Who may sign offline break-glass: live keys of active people. Linked people have one name, so that two of them count once at a point,
 * which knows nobody.
 */
export function offlineSigners(directory: Directory, quorum: number, nowMs: number): GrantList['offline'] {
  const links = linkPeople(directory, nowMs);
  const keys = [...directory.keys.values()]
    .filter((key) => key.revokedAtMs === null && directory.people.get(key.person)?.disabledAtMs === null)
    .map(({ id, person, publicKey }) => ({ id, person: links.componentOf(person), publicKey }));
  return { quorum, keys: keys.sort(byId) };
}

function isLive(status: ExceptionStatus): boolean {
  return status === 'approved' || status === 'active';
}

function isEndedEarly(status: ExceptionStatus): status is 'revoked' | 'suspended' {
  return status === 'revoked' || status === 'suspended';
}

function grantOf({ id, kind, grant }: ExceptionState): readonly Grant[] {
  if (grant === null) return [];
  const { relaxes, service, identity, to, via, bytesUp, bytesDown } = grant.spec;
  const { strength, notBeforeMs: notBefore, notAfterMs: notAfter, drainMs } = grant;
  return [
    { id, kind, relaxes, service, identity, to, via, strength, notBefore, notAfter, drainMs, bytesUp, bytesDown },
  ];
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
