import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { walkFirstHour } from './walk/walk-first-hour.ts';

// The first hour from beginning to end, in a folder of its own: the argument, or `exeat-first-hour` among the temporary files.
const folder = process.argv[2] ?? join(tmpdir(), 'exeat-first-hour');
if (existsSync(folder) && !existsSync(join(folder, 'truth.json'))) {
  process.stderr.write(`\`${folder}\` is there and not of this example: name another folder\n`);
  process.exit(64);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { figures, faults } = await walkFirstHour(folder, (text) => process.stdout.write(text));
writeFileSync(join(folder, 'figures.json'), `${JSON.stringify(figures, null, 1)}\n`);
for (const fault of faults) process.stderr.write(`not as it should be: ${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 3;
