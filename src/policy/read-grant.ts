import { strengths } from '../identity/index.ts';
import { type Grant, type GrantList, isGrantEnd } from './grant.ts';
import type { EndedGrant } from './grant-index.ts';

/** Longer ids and texts are a mistake: they stand in every record of the grant. */
const longestText = 2_048;

/** A value from outside as a grant, or null where a field is missing or of the wrong kind. Nothing is filled in. */
export function readGrant(value: unknown): Grant | null {
  const grant = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isGrant =
    isText(grant['id']) &&
    (grant['kind'] === 'exception' || grant['kind'] === 'break-glass') &&
    isText(grant['relaxes']) &&
    isText(grant['service']) &&
    (grant['identity'] === null || isText(grant['identity'])) &&
    isText(grant['to']) &&
    Array.isArray(grant['via']) &&
    grant['via'].every(isText) &&
    (grant['strength'] === null || (strengths as readonly unknown[]).includes(grant['strength'])) &&
    isCount(grant['notBefore']) &&
    isCount(grant['notAfter']) &&
    isCount(grant['drainMs']) &&
    isCap(grant['bytesUp']) &&
    isCap(grant['bytesDown']);
  return isGrant ? (value as Grant) : null;
}

/** A value from outside as an ended grant, or null. */
export function readEndedGrant(value: unknown): EndedGrant | null {
  const { id, why } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isText(id) && (isGrantEnd(why) || why === 'expired') ? { id, why } : null;
}

/** A value from outside as who may sign an offline break-glass, or null. */
export function readOfflineSigners(value: unknown): GrantList['offline'] | null {
  const { quorum, keys } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!isCount(quorum) || !Array.isArray(keys)) return null;
  const isKey = ({ id, person, publicKey }: Readonly<Record<string, unknown>>): boolean =>
    isText(id) && isText(person) && isText(publicKey);
  return keys.every((key) => isKey(key ?? {})) ? { quorum, keys } : null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longestText;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCap(value: unknown): boolean {
  return value === null || isCount(value);
}
