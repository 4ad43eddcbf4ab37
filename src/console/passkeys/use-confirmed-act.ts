import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ConfirmationBody, ConfirmedAct, ExceptionAnswer, PasskeyAnswer } from '../../api/contract/index.ts';
import { type Answered, call, type Sent } from '../api/call.ts';
import { isOver, sayFailure } from '../api/failure.ts';
import { useSession } from '../session/session-state.ts';
import { useAct } from '../ui/use-act.ts';
import { CeremonyFailure, challengeOf, signWith } from './ceremony.ts';

/** The passkeys of whoever is signed in; undefined while they are not known. */
export function useOwnPasskeys(): readonly PasskeyAnswer[] | undefined {
  const { person } = useSession();
  const found = useQuery({
    queryKey: ['passkeys', person.id],
    staleTime: 30_000,
    queryFn: async ({ signal }) =>
      (await call('listPasskeys', { query: { person: person.id, limit: 500 }, signal })).body.items,
  });
  return found.data?.filter(({ isLive }) => isLive);
}

/** What stands before an act: nothing, a passkey that confirms it, or that there is none and must be. */
export type Confirming = 'none' | 'passkey' | 'lacking';

/** What an act of this mode takes of whoever is signed in; undefined while that is not known. */
export function useConfirming(mode: ExceptionAnswer['confirm']): Confirming | undefined {
  const passkeys = useOwnPasskeys();
  if (mode === 'never') return 'none';
  if (passkeys === undefined) return undefined;
  if (passkeys.length > 0) return 'passkey';
  return mode === 'always' ? 'lacking' : 'none';
}

/** An act that a passkey confirms where it takes one. */
export interface ConfirmedRun<Id extends ConfirmedAct> {
  /** `confirming`: whether a passkey signs it first. */
  run(sent: Sent<Id>, confirming: boolean): void;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly said: string | null;
}

/** Does an act. A passkey signs just what is sent: what control gives to sign is compared with it first. */
export function useConfirmedAct<Id extends ConfirmedAct>(
  id: Id,
  onDone: (answer: Answered<Id>) => void,
): ConfirmedRun<Id> {
  const act = useAct(id, onDone);
  const [isSigning, setSigning] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const run = async (sent: Sent<Id>, confirming: boolean): Promise<void> => {
    setFailed(null);
    if (!confirming) return act.run(sent);
    setSigning(true);
    try {
      const confirmation = await confirm(id, sent);
      act.run({ ...sent, body: { ...(sent.body as object), confirmation } as Sent<Id>['body'] & {} } as Sent<Id>);
    } catch (error) {
      setFailed(error instanceof CeremonyFailure ? error.message : isOver(error) ? null : sayFailure(error));
    } finally {
      setSigning(false);
    }
  };
  return {
    run: (sent, confirming) => void run(sent, confirming),
    isBusy: isSigning || act.isBusy,
    error: act.error,
    said: failed ?? act.said,
  };
}

async function confirm<Id extends ConfirmedAct>(act: Id, sent: Sent<Id>): Promise<ConfirmationBody> {
  const { id = '' } = (sent.params ?? {}) as { readonly id?: string };
  const asked = { act, id, body: { ...(sent.body as object) } };
  const { nonce, document, challenge, rpId, passkeys } = (await call('challengeConfirmation', { body: asked })).body;
  if (rpId === null) throw new CeremonyFailure('Passkeys cannot be used here: console.url is no name with https.');
  const told = JSON.parse(document) as { readonly act: string; readonly id: string };
  const isIt = told.act === act && told.id === id && challenge === (await challengeOf(`exeat-confirm-v1\n${document}`));
  if (!isIt) throw new CeremonyFailure('Control asks to confirm something else than this. Nothing was signed.');
  const assertion = await signWith(passkeys, challenge, rpId);
  const used = passkeys.find(({ credentialId }) => credentialId === assertion.id);
  return { nonce, passkey: used?.id ?? '', assertion };
}
