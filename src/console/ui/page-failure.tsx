import type { ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Failure } from './states.tsx';

/** A page broke while it was drawn, or its chunk is of a build that is gone. */
export function PageFailure({ error }: ErrorComponentProps): ReactNode {
  return <Failure error={error} onRetry={() => location.reload()} />;
}
