import { type ReactNode, useState } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import type { Answered } from '../api/call.ts';
import { useMay, useSession } from '../session/session-state.ts';
import { Panel } from '../ui/panel.tsx';
import styles from './exceptions.module.css';
import { ExtendForm } from './extend-form.tsx';
import { ReasonForm } from './reason-form.tsx';
import { ResumeForm } from './resume-form.tsx';

type Chosen = 'end' | 'hold' | 'resume' | 'extend';

const words: Readonly<Record<Chosen, readonly [name: string, says: string]>> = {
  end: ['End it', 'It ends by itself. To end it now cuts its connections within a second, and nothing brings it back.'],
  hold: ['Hold it', 'Its connections are cut within a second. Its end does not move; somebody else lets it go on.'],
  resume: ['Let it go on', 'It goes on until the end that it always had.'],
  extend: ['Ask for more time', 'A new request that goes on where this one ends. Somebody decides it anew.'],
};

interface GrantActsProps {
  readonly answer: Answered<'showException'>;
  readonly isOwn: boolean;
  readonly mayApprove: boolean;
}

/** What can be done with a grant that stands: end, hold, let go on, ask for more time. One form at a time. */
export function GrantActs({ answer, isOwn, mayApprove }: GrantActsProps): ReactNode {
  const one = answer.body;
  const mayRevoke = useMay('exception:revoke');
  const mayAsk = useMay('exception:request');
  const { person } = useSession();
  const offered = offeredOf(one, {
    mayEnd: mayRevoke || isOwn,
    mayResume: mayApprove && !isOwn && one.held?.by !== person.id,
    mayAsk,
  });
  const [wanted, setWanted] = useState<Chosen | null>(null);
  const chosen = wanted !== null && offered.includes(wanted) ? wanted : offered[0];
  if (chosen === undefined) return null;
  return (
    <Panel title="What you can do">
      <fieldset className={styles['durations']}>
        <legend className={styles['hidden']}>What to do</legend>
        {offered.map((each) => (
          <label key={each}>
            <input type="radio" name="grant-act" checked={each === chosen} onChange={() => setWanted(each)} />
            {words[each][0]}
          </label>
        ))}
      </fieldset>
      <p className={styles['quiet']}>{words[chosen][1]}</p>
      {chosen === 'end' && <ReasonForm act="revokeException" answer={answer} word="End it now" />}
      {chosen === 'hold' && <ReasonForm act="suspendException" answer={answer} word="Hold it now" />}
      {chosen === 'resume' && <ResumeForm one={one} />}
      {chosen === 'extend' && <ExtendForm one={one} />}
    </Panel>
  );
}

interface May {
  readonly mayEnd: boolean;
  readonly mayResume: boolean;
  readonly mayAsk: boolean;
}

function offeredOf(one: ExceptionAnswer, { mayEnd, mayResume, mayAsk }: May): readonly Chosen[] {
  const isHeld = one.status === 'suspended';
  return [
    ...(isHeld && mayResume ? (['resume'] as const) : []),
    ...(mayEnd ? (['end'] as const) : []),
    ...(mayEnd && !isHeld ? (['hold'] as const) : []),
    ...(mayAsk && one.status === 'active' && one.kind === 'exception' ? (['extend'] as const) : []),
  ];
}
