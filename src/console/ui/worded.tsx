import type { ReactNode } from 'react';

/** A sentence of ours in which what stands in backticks is code. It is only ever text, whoever wrote the names in it. */
export function Worded({ text }: { readonly text: string }): ReactNode {
  const parts = text.split('`').map((part, at) => ({ part, at }));
  return parts.map(({ part, at }) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}
