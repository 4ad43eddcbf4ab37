import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of an entry file beside the module at `moduleUrl`: `.ts` when run from sources, `.js` once built. */
export function entryBeside(moduleUrl: string, name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(fileURLToPath(moduleUrl))}`, moduleUrl));
}
