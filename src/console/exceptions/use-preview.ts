import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { PreviewAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { isOver } from '../api/failure.ts';

const pauseMs = 300;

/** What a request would come to, while somebody writes it; null until service and destination stand there. */
export function usePreview({ service, to }: { readonly service: string; readonly to: string }): {
  readonly said: PreviewAnswer | null;
  readonly problem: string | null;
} {
  const [[askedService, askedTo]] = useDebouncedValue([service.trim(), to.trim()] as const, pauseMs);
  const isWhole = askedService !== '' && askedTo !== '';
  const found = useQuery({
    queryKey: ['preview', askedService, askedTo],
    enabled: isWhole,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await call('previewException', { query: { service: askedService, to: askedTo }, signal })).body,
  });
  if (!isWhole) return { said: null, problem: null };
  if (found.error !== null && !isOver(found.error)) return { said: null, problem: found.error.message };
  return { said: found.data ?? null, problem: null };
}
