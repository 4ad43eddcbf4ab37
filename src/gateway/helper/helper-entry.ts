import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The path of the helper's entry: a source when run from sources, a script once built. */
export function helperEntry(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(`./helper-process${extname(fileURLToPath(here))}`, here));
}
