import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Empty } from './states.tsx';

/** The address leads nowhere. */
export function NotFound(): ReactNode {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be cut short. <Link to="/exceptions">Exceptions</Link> is a good place to go on from.
      </p>
    </Empty>
  );
}
