import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeEstate } from './generate/write-estate.ts';
import { fillReasons } from './walk/fill-reasons.ts';
import { walkFirstHour } from './walk/walk-first-hour.ts';

// `run.ts [DIR]` walks the whole first hour in a folder of its own; `run.ts DIR logs` and `run.ts DIR reasons` do the parts of it that are
// not commands of Exeat, for those who type the rest.
const [folder = join(tmpdir(), 'exeat-first-hour'), part = 'all'] = process.argv.slice(2);

if (part === 'logs') {
  emptyFolder();
  writeEstate(folder);
} else if (part === 'reasons') {
  fillReasons(join(folder, 'proposed'));
} else if (part === 'all') {
  emptyFolder();
  const { figures, faults } = await walkFirstHour(folder, (text) => process.stdout.write(text));
  writeFileSync(join(folder, 'figures.json'), `${JSON.stringify(figures, null, 1)}\n`);
  for (const fault of faults) process.stderr.write(`not as it should be: ${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 3;
} else {
  refuse(`part \`${part}\` is not known, write \`logs\`, \`reasons\` or nothing`);
}

function emptyFolder(): void {
  if (existsSync(folder) && !existsSync(join(folder, 'truth.json'))) {
    refuse(`folder \`${folder}\` is there and not of this example, name another one`);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(64);
}
