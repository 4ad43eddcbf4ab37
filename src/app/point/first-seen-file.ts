import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createFirstSeen, lineOf, type Sighting } from '../../behaviour/index.ts';
import type { Logger } from '../logger.ts';

/** Remembers across restarts who was seen reaching for what. */
export interface FirstSeenFile {
  /** Whether this is the first time; true once for each sighting. */
  isFirst(sighting: Sighting): boolean;
  /** Sightings that a bound kept from being told apart, since the start. */
  overflowed(): number;
  close(): Promise<void>;
}

/**
 * Opens the memory of first sightings at `path`, one line each. A file that cannot be read or written costs events told twice,
 * nothing else: it is logged, and the point goes on.
 */
export async function openFirstSeenFile(path: string, logger: Logger): Promise<FirstSeenFile> {
  const memory = createFirstSeen({});
  try {
    if (existsSync(path))
      for await (const line of createInterface({ input: createReadStream(path) })) memory.load(line);
  } catch (error) {
    logger.warn('first sightings were not read', { path, cause: (error as NodeJS.ErrnoException).code });
  }
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  let isLogged = false;
  file.on('error', (error: NodeJS.ErrnoException) => {
    if (!isLogged) logger.warn('first sightings are not kept', { path, cause: error.code });
    isLogged = true;
  });
  // A line that a kill cut short must not swallow the next one; empty lines are passed over.
  file.write('\n');
  let isFull = false;
  return {
    isFirst: (sighting) => {
      const outcome = memory.note(sighting);
      if (outcome === 'overflow' && !isFull) {
        // Never silently: whoever asks for thousands of names on purpose wants the next one to go unseen.
        isFull = true;
        logger.error('first sightings overflow, new destinations of this service go untold', {
          service: sighting.service,
        });
      }
      if (outcome !== 'first') return false;
      if (!isLogged) file.write(`${lineOf(sighting)}\n`);
      return true;
    },
    overflowed: () => memory.counts().overflowed,
    close: () => new Promise((resolve) => void (file.destroyed ? resolve() : file.end(() => resolve()))),
  };
}
