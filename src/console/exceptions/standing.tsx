import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { Tag, type Tone } from '../ui/tag.tsx';
import { sayCode } from '../ui/words.ts';

const standings: Readonly<Record<string, readonly [Tone, string]>> = {
  pending: ['watch', 'waits for approval'],
  approved: ['plain', 'approved, not started'],
  active: ['good', 'in force'],
  suspended: ['watch', 'held'],
  denied: ['bad', 'denied'],
  lapsed: ['quiet', 'lapsed'],
  withdrawn: ['quiet', 'withdrawn'],
  expired: ['quiet', 'ended'],
  revoked: ['quiet', 'revoked'],
};

/** Where an exception stands, in a word. */
export function Standing({ one }: { readonly one: Pick<ExceptionAnswer, 'status'> }): ReactNode {
  const [tone, text] = standings[one.status] ?? ['plain', sayCode(one.status)];
  return <Tag tone={tone}>{text}</Tag>;
}

/** How strictly it is decided. */
export function TierTag({ tier }: { readonly tier: string }): ReactNode {
  const tone = tier === 'low' ? 'quiet' : tier === 'medium' ? 'plain' : 'bad';
  return <Tag tone={tone}>{tier}</Tag>;
}
