import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Answered, call, type Sent } from '../api/call.ts';
import { isOver, sayFailure } from '../api/failure.ts';
import type { Operation } from '../api/paths.ts';
import { markOver } from '../session/session-state.ts';

/** An act that a page can do: run it, whether it runs, and why it was refused. */
export interface Act<Id extends Operation> {
  run(sent: Sent<Id>): void;
  readonly isBusy: boolean;
  readonly error: unknown;
  /** Why it was refused, for people; null before and after a success. */
  readonly said: string | null;
}

/**
 * Does one act. A press that is repeated, or sent again because nothing was heard, happens once: what is sent is the same, so its key is.
 * Everything shown is asked for anew afterwards, also after a refusal, since that often means that it changed.
 */
export function useAct<Id extends Operation>(id: Id, onDone: (answer: Answered<Id>) => void): Act<Id> {
  const client = useQueryClient();
  const [last, setLast] = useState({ text: '', once: '' });
  const act = useMutation({
    mutationFn: (sent: Sent<Id>) => {
      const text = JSON.stringify(sent);
      const once = last.text === text ? last.once : crypto.randomUUID();
      setLast({ text, once });
      return call(id, { ...sent, once });
    },
    onSuccess: (answer) => {
      setLast({ text: '', once: '' });
      onDone(answer);
    },
    onError: (error) => {
      if (isOver(error)) markOver(client);
    },
    onSettled: () => client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' }),
  });
  const { error } = act;
  return {
    run: act.mutate,
    isBusy: act.isPending,
    error,
    said: error === null || isOver(error) ? null : sayFailure(error),
  };
}
