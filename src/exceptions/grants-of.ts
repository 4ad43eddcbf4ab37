import type { Grant, GrantList, Tiers } from '../policy/index.ts';
import type { ExceptionState } from './lifecycle/exception-state.ts';
import { statusOf } from './lifecycle/status.ts';
import { linkPeople } from './people/linked-people.ts';
import type { Directory } from './people/person.ts';

/**
 * The grants of states that may be live now or later, and those that were ended early and whose time has not come, each in order of id.
 * What has expired is in neither: points know by the clock.
 */
export function listGrants(states: Iterable<ExceptionState>, nowMs: number): Pick<GrantList, 'grants' | 'ended'> {
  const grants: Grant[] = [];
  const ended: GrantList['ended'][number][] = [];
  for (const state of states) {
    const { status } = statusOf(state, nowMs);
    if (status === 'approved' || status === 'active') grants.push(...grantOf(state));
    else if ((status === 'revoked' || status === 'suspended') && nowMs < (state.grant?.notAfterMs ?? 0))
      ended.push({ id: state.id, why: status });
  }
  return { grants: grants.sort(byId), ended: ended.sort(byId) };
}

/** The grants of states that may be live now or later. */
export function grantsOf(states: Iterable<ExceptionState>, nowMs: number): readonly Grant[] {
  return listGrants(states, nowMs).grants;
}

/**
 * Who may sign offline break-glass: live keys of active people. Linked people have one name, so that two of them count once at a point,
 * which knows nobody.
 */
export function offlineSigners(directory: Directory, tiers: Tiers, nowMs: number): GrantList['offline'] {
  const links = linkPeople(directory, nowMs);
  const keys = [...directory.keys.values()]
    .filter((key) => key.revokedAtMs === null && directory.people.get(key.person)?.disabledAtMs === null)
    .map(({ id, person, publicKey }) => ({ id, person: links.componentOf(person), publicKey }));
  return { quorum: tiers.breakGlass.signatures, keys: keys.sort(byId) };
}

function grantOf({ id, kind, grant }: ExceptionState): readonly Grant[] {
  if (grant === null) return [];
  const { relaxes, service, identity, to, via, bytesUp, bytesDown } = grant.spec;
  const { strength, notBeforeMs: notBefore, notAfterMs: notAfter } = grant;
  return [{ id, kind, relaxes, service, identity, to, via, strength, notBefore, notAfter, bytesUp, bytesDown }];
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
