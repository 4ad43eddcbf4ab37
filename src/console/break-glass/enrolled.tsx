import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { PasskeyAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { useMay } from '../session/session-state.ts';
import { Moment } from '../ui/moment.tsx';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import styles from './break-glass.module.css';

/** Who may declare, by what; whoever makes people enrols passkeys here. */
export function Enrolled(): ReactNode {
  const mayEnrol = useMay('people:write');
  const query = { limit: 500 };
  const found = useQuery({
    queryKey: ['enrolled'],
    queryFn: async ({ signal }) => {
      const [keys, passkeys] = await Promise.all([
        call('listKeys', { query, signal }),
        call('listPasskeys', { query, signal }),
      ]);
      return {
        keys: keys.body.items.filter(({ isLive }) => isLive),
        passkeys: passkeys.body.items.filter(({ isLive }) => isLive),
      };
    },
  });
  if (found.data === undefined) return null;
  const { keys, passkeys } = found.data;
  const enrolled = passkeys.filter(({ isEnrolled }) => isEnrolled);
  const others = passkeys.filter(({ isEnrolled }) => !isEnrolled);
  return (
    <Panel title="Who may declare">
      {keys.length + enrolled.length === 0 && (
        <p className={styles['quiet']}>Nobody yet. An admin enrols keys and passkeys, before anybody needs them.</p>
      )}
      <ul className={styles['rows']}>
        {enrolled.map((one) => (
          <li key={one.id}>
            <span>
              <strong>{one.person}</strong> by a passkey
              <small>{one.name}</small>
            </span>
          </li>
        ))}
        {keys.map((one) => (
          <li key={one.id}>
            <span>
              <strong>{one.person}</strong> by a key
              <small>
                enrolled by {one.enrolledBy} <Moment at={one.enrolledAt} />
              </small>
            </span>
          </li>
        ))}
        {mayEnrol && others.map((one) => <ToEnrol key={one.id} one={one} />)}
      </ul>
    </Panel>
  );
}

function ToEnrol({ one }: { readonly one: PasskeyAnswer }): ReactNode {
  const act = useAct('enrolPasskey', () => undefined);
  return (
    <li>
      <span>
        {one.person} has a passkey
        <small>
          {one.name}, registered <Moment at={one.registeredAt} />
        </small>
        <FormFailure said={act.said} />
      </span>
      <Button
        variant="default"
        size="compact-sm"
        loading={act.isBusy}
        aria-label={`Enrol ${one.name} of ${one.person}`}
        onClick={() => act.run({ params: { id: one.id } })}
      >
        Enrol it
      </Button>
    </li>
  );
}
