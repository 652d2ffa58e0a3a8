/** Starts the interface in the browser: texts first, then the page that the address names. */
import './styles.ts';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isProblem } from '../api/client.ts';
import { ErrorSummary } from '../ui/errors/summary.tsx';
import { router } from './router.tsx';
import { startTexts } from './texts.ts';
import { resolveVariables, theme } from './theme.ts';

// Each page gets its own: the styles that Mantine computes are let in by it, and no others.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal does not change by asking again; silence may.
      retry: (count, error) => count < 2 && isProblem(error) && error.code === 'no-answer',
      retryDelay: 1_000,
    },
  },
});

await startTexts();
const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={resolveVariables}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
          <ErrorSummary />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
