import { spoolSealedAction } from '../../audit/index.ts';
import type { Ledger } from '../../exceptions/index.ts';
import { findUnsealed, sealEntry } from '../audit/spool-seals.ts';
import type { Logger } from '../logger.ts';
import type { ActDesk } from './desk/act-desk.ts';

/** Seals closed record files into the log by their digests. */
export interface Sealing {
  close(): Promise<void>;
}

const everyMs = 60_000;

/** Starts to seal: at once, and every 60 s. A file that cannot be read is tried again; the open one is sealed when it is closed. */
export function startSealing(options: {
  readonly spool: string;
  readonly ledger: Ledger;
  readonly desk: ActDesk;
  readonly logger: Logger;
}): Sealing {
  let running: Promise<void> = Promise.resolve();
  const run = (): void => {
    running = running
      .then(() => seal(options))
      .catch((error: unknown) => {
        options.logger.error('record files could not be sealed', { cause: (error as Error).message });
      });
  };
  run();
  const timer = setInterval(run, everyMs);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

async function seal({ spool, ledger, desk }: Parameters<typeof startSealing>[0]): Promise<void> {
  for (;;) {
    const [last] = await ledger.entries({ actionPrefix: spoolSealedAction, after: null, order: 'newest', most: 1 });
    const file = last?.details['file'];
    const { toSeal } = await findUnsealed(spool, typeof file === 'string' ? file : null);
    if (toSeal.length === 0) return;
    const noted = await desk.note(toSeal.map(sealEntry));
    if (!noted.ok) return;
  }
}
