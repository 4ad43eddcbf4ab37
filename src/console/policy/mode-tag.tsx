import type { ReactNode } from 'react';
import type { ServiceRow } from '../../api/contract/index.ts';
import { Tag } from '../ui/tag.tsx';

/** How a service is judged, and until when it is only observed. */
export function ModeTag({ service }: { readonly service: Pick<ServiceRow, 'mode' | 'observeUntil'> }): ReactNode {
  const { mode, observeUntil } = service;
  if (mode === 'enforce') return <Tag tone="good">enforced</Tag>;
  return <Tag tone="watch">observed{observeUntil === null ? '' : ` until ${observeUntil.slice(0, 10)}`}</Tag>;
}
