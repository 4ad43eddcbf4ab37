// Adds to package-lock.json the optional packages of other systems that a registry mirror could not serve when the lock was
// written. npm leaves those out silently, and `npm ci` then refuses the lock on every machine. Nothing of them is installed
// here: their `os` and `cpu`, which their names tell, keep them away.
//   node tools/complete-lock.mjs          adds them; says which
//   node tools/complete-lock.mjs --check  only says which are missing; exit 1 when any is
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

const path = join(import.meta.dirname, '../package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = missingOptional(lock.packages);

for (const { name } of added) process.stderr.write(`package-lock.json lacks ${name}\n`);
if (process.argv.includes('--check')) {
  process.exitCode = added.length === 0 ? 0 : 1;
} else if (added.length > 0) {
  for (const { name, entry } of added) lock.packages[`node_modules/${name}`] = entry;
  const byPath = ([left], [right]) => (left < right ? -1 : 1);
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byPath));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}

function missingOptional(packages) {
  const missing = new Map();
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (isLocked(packages, name)) continue;
      missing.set(name, { name, entry: entryOf(name, version, owner.dev === true) });
    }
  }
  return [...missing.values()];
}

function isLocked(packages, name) {
  return Object.keys(packages).some(
    (path) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`),
  );
}

function entryOf(name, version, dev) {
  const words = name.split(/[/-]/);
  const entry = { version, cpu: words.filter((word) => processors.includes(word)), ...(dev && { dev }) };
  if (words.some((word) => word.startsWith('musl'))) entry.libc = ['musl'];
  else if (words.some((word) => word.startsWith('gnu'))) entry.libc = ['glibc'];
  const os = words.filter((word) => systems.includes(word));
  if (os.length === 0 || entry.cpu.length === 0 || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new TypeError(`the name of "${name}" does not tell its system and processor; lock it by hand`);
  }
  return { ...entry, optional: true, os };
}
