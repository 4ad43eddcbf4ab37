import type { Passkey } from '../../exceptions/index.ts';
import type { PasskeyAnswer } from '../contract/index.ts';
import { instant, instantOrNull } from './instants.ts';

/** A passkey as the API shows one. */
export function showPasskey(passkey: Passkey): PasskeyAnswer {
  const { id, person, name, credentialId, transports, registeredAtMs, lastUsedAtMs, enrolledBy, removedAtMs } = passkey;
  return {
    ...{ id, person, name, credentialId, transports },
    registeredAt: instant(registeredAtMs),
    lastUsedAt: instantOrNull(lastUsedAtMs),
    isEnrolled: enrolledBy !== null,
    isLive: removedAtMs === null,
  };
}
