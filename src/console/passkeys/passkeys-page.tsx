import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { PasskeyAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { isOver, Refusal, sayFailure } from '../api/failure.ts';
import { useMay } from '../session/session-state.ts';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, FormFailure, Waiting } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { Worded } from '../ui/worded.tsx';
import { CeremonyFailure, knowsPasskeys, makePasskey } from './ceremony.ts';
import { ChangePasskey } from './change-passkey.tsx';
import styles from './passkeys.module.css';
import { useConfirmedAct, useOwnPasskeys } from './use-confirmed-act.ts';

/** The passkeys of whoever is signed in: registered, named and removed here. */
export function PasskeysPage(): ReactNode {
  const passkeys = useOwnPasskeys();
  const mayAct = [useMay('exception:approve'), useMay('exception:request'), useMay('people:write')].some(Boolean);
  return (
    <>
      <PageHead
        title="Your passkeys"
        says="They confirm what you decide in the high tiers, with finger, face or PIN. They do not sign you in."
      />
      {passkeys === undefined && <Waiting rows={3} />}
      {passkeys?.length === 0 && (
        <Empty
          title="You have registered none"
          command="exeat exception approve ID --key ~/break-glass.pem --key-id KEY"
        >
          <p>
            Until you do, your token alone approves what the policy lets it. On the command line an enrolled key
            confirms in the same way:
          </p>
        </Empty>
      )}
      {passkeys !== undefined && passkeys.length > 0 && <List passkeys={passkeys} />}
      {passkeys !== undefined && mayAct && <RegisterForm isFirst={passkeys.length === 0} />}
    </>
  );
}

function List({ passkeys }: { readonly passkeys: readonly PasskeyAnswer[] }): ReactNode {
  const [changed, setChanged] = useState<string | null>(null);
  return (
    <ul className={styles['list']} aria-label="Your passkeys">
      {passkeys.map((one) => (
        <li key={one.id}>
          <div className={styles['row']}>
            <div>
              <strong>{one.name}</strong> {one.isEnrolled && <Tag tone="watch">declares break-glass</Tag>}
              <small>
                registered <Moment at={one.registeredAt} />
                {one.lastUsedAt === null
                  ? ', not used yet'
                  : [', last used ', <Moment key="used" at={one.lastUsedAt} />]}
              </small>
            </div>
            <Button
              variant="default"
              size="compact-sm"
              aria-label={`${changed === one.id ? 'Close' : 'Change'} ${one.name}`}
              aria-expanded={changed === one.id}
              onClick={() => setChanged(changed === one.id ? null : one.id)}
            >
              {changed === one.id ? 'Close' : 'Change'}
            </Button>
          </div>
          {changed === one.id && (
            <ChangePasskey one={one} isLast={passkeys.length === 1} onDone={() => setChanged(null)} />
          )}
        </li>
      ))}
    </ul>
  );
}

/** Why it will not work at this address, before somebody tries: what passkeys are bound to is asked of the API. */
function Elsewhere(): ReactNode {
  const offered = useQuery({
    queryKey: ['passkey-origin'],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => (await call('offerPasskey')).body.origin,
  });
  const { data: origin, error } = offered;
  if (error instanceof Refusal && error.problem.code === 'passkeys_off') {
    return (
      <p className={styles['elsewhere']}>
        <Worded text={error.problem.detail} />
      </p>
    );
  }
  if (origin !== undefined && origin !== location.origin) {
    return (
      <p className={styles['elsewhere']}>
        Passkeys belong to one name, which is not the one that you opened. Go on at{' '}
        <a href={`${origin}/passkeys`}>{origin}</a>, and sign in there.
      </p>
    );
  }
  if (knowsPasskeys()) return null;
  return <p className={styles['elsewhere']}>This browser uses passkeys only over https, or at http://localhost.</p>;
}

function RegisterForm({ isFirst }: { readonly isFirst: boolean }): ReactNode {
  const [name, setName] = useState('');
  const [failed, setFailed] = useState<string | null>(null);
  const [isMaking, setMaking] = useState(false);
  const act = useConfirmedAct('registerPasskey', () => setName(''));
  const register = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setFailed(null);
    setMaking(true);
    try {
      const { body: offer } = await call('offerPasskey');
      const credential = await makePasskey(offer);
      act.run({ body: { name: name.trim(), challenge: offer.challenge, credential } }, !isFirst);
    } catch (error) {
      setFailed(error instanceof CeremonyFailure ? error.message : isOver(error) ? null : sayFailure(error));
    } finally {
      setMaking(false);
    }
  };
  return (
    <div className={styles['register']}>
      <Panel title={isFirst ? 'Register one' : 'Register another one'}>
        <form onSubmit={(event) => void register(event)} className={styles['form']}>
          <TextInput
            label="Name"
            description="For you: which device holds it"
            placeholder="laptop"
            required
            maxLength={100}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <p className={styles['quiet']}>
            {isFirst
              ? 'Your device asks for finger, face or PIN. From then on it does so for every decision of a high tier.'
              : 'Your device makes it, and then one that you have confirms it: a token alone adds none.'}
          </p>
          <Elsewhere />
          <FormFailure said={failed ?? act.said} />
          <div>
            <Button type="submit" loading={isMaking || act.isBusy} disabled={name.trim() === ''}>
              Register a passkey
            </Button>
          </div>
        </form>
      </Panel>
    </div>
  );
}
