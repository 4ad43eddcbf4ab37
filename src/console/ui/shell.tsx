import { useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PaletteKey } from '../palette/palette-key.tsx';
import { signOut, useSession } from '../session/session-state.ts';
import { AwayLine } from './away-line.tsx';
import { Menu } from './menu.tsx';
import styles from './shell.module.css';
import { Wordmark } from './wordmark.tsx';

const pages = [
  { to: '/', name: 'Overview' },
  { to: '/flow-map', name: 'Flow map' },
  { to: '/decisions', name: 'Decisions' },
  { to: '/policy', name: 'Policy' },
  { to: '/exceptions', name: 'Exceptions' },
  { to: '/break-glass', name: 'Break-glass' },
  { to: '/open', name: 'Open access' },
  { to: '/audit', name: 'Audit' },
] as const;

/** What every page stands in: the way to the others, who is signed in, and the page. */
export function Shell(): ReactNode {
  return (
    <div className={styles['shell']}>
      <a href="#content" className={styles['skip']}>
        Skip to the content
      </a>
      <header className={styles['side']}>
        <Wordmark />
        <div className={styles['ways']}>
          <Ways />
        </div>
        <Menu>
          <Ways />
        </Menu>
      </header>
      <main id="content" tabIndex={-1} className={styles['main']}>
        <AwayLine />
        <PaletteKey places={pages} />
        <Outlet />
      </main>
    </div>
  );
}

function Ways(): ReactNode {
  return (
    <>
      <nav aria-label="Pages" className={styles['nav']}>
        {pages.map(({ to, name }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === '/' }} activeProps={{ 'aria-current': 'page' }}>
            {name}
          </Link>
        ))}
      </nav>
      <Account />
    </>
  );
}

function Account(): ReactNode {
  const client = useQueryClient();
  const { person } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const isDark =
    colorScheme === 'dark' || (colorScheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  return (
    <div className={styles['account']}>
      <span className={styles['person']} title={`${person.name}: ${person.roles.join(', ')}`}>
        <strong>{person.name}</strong>
        <span>{person.roles.join(', ')}</span>
      </span>
      <span className={styles['accountActs']}>
        <Link to="/passkeys">Passkeys</Link>
        <button type="button" onClick={() => setColorScheme(isDark ? 'light' : 'dark')}>
          {isDark ? 'Light' : 'Dark'}
        </button>
        <button type="button" onClick={() => void signOut(client)}>
          Sign out
        </button>
      </span>
    </div>
  );
}
