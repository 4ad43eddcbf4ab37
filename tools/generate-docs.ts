import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderReferencePages } from './reference-pages.ts';
import { repositoryRoot } from './source-files.ts';

for (const page of await renderReferencePages()) {
  const path = join(repositoryRoot, page.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, page.text);
  process.stdout.write(`${page.path}\n`);
}
