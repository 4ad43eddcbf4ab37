import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { ConfirmLine } from '../passkeys/confirm-line.tsx';
import { useConfirmedAct, useConfirming } from '../passkeys/use-confirmed-act.ts';
import { FormFailure } from '../ui/states.tsx';
import { sayDuration } from '../ui/words.ts';
import styles from './exceptions.module.css';
import { Told } from './told.tsx';

/** Stands by somebody else's break-glass, so that it goes on past its first step. */
export function StandByForm({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const act = useConfirmedAct('acknowledgeBreakGlass', () => undefined);
  const confirming = useConfirming(one.confirm);
  const lasts = sayDuration(one.durationSeconds * 1_000);
  return (
    <Told
      text={`${one.requester} opened it alone. Unless somebody stands by it, it ends with its first step; with you it lasts ${lasts} in all.`}
    >
      <div className={styles['form']}>
        <ConfirmLine confirming={confirming} />
        <FormFailure said={act.said} />
        <div className={styles['acts']}>
          <Button
            loading={act.isBusy}
            disabled={confirming === undefined || confirming === 'lacking'}
            onClick={() => act.run({ params: { id: one.id }, body: {} }, confirming === 'passkey')}
          >
            Stand by it
          </Button>
        </div>
      </div>
    </Told>
  );
}
