import { createTheme, MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { isOver, isUnreachable } from './api/failure.ts';
import { router } from './router.tsx';
import { SessionGate } from './session/session-gate.tsx';
import { markOver } from './session/session-state.ts';
import { colours } from './ui/colours.ts';

const theme = createTheme({
  cursorType: 'pointer',
  defaultRadius: 'sm',
  fontFamily: 'var(--x-font)',
  fontFamilyMonospace: 'var(--x-mono)',
  respectReducedMotion: true,
});

function createClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (isOver(error)) markOver(client);
      },
    }),
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (count, error) => isUnreachable(error) && count < 2, retryDelay: 1_000 },
    },
  });
  return client;
}

/** The whole console. */
export function App(): ReactNode {
  const [client] = useState(createClient);
  return (
    // The variables of the theme come as a file: a policy that allows no inline style would refuse what the provider writes into the page.
    <MantineProvider
      theme={theme}
      colorSchemeManager={colours}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <SessionGate>
          <RouterProvider router={router} />
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  );
}
