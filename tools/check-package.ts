import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildNative, sourceDigest } from './build-native.mjs';
import { readIfThere, readSourceFiles, repositoryRoot } from './source-files.ts';

const program = 'dist/cli/exeat.js';
const console = 'dist/console/';
// What a native transport may be called, and the machine of each in the header of its file (elf(5), e_machine).
const addonName = /^native\/build\/linux-(x64|arm64)-(?:glibc|musl)\.node$/;
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
const machineAt = 18;
const pages = ['package.json', 'LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md'];

process.exitCode = checkPackage();

/** Compares what `npm pack` would publish with what was built, and starts the built program; gives the exit code. */
function checkPackage(): number {
  const packed = listPacked();
  const built = readSourceFiles(['src'], '.ts')
    .map((file) => file.path)
    .filter((path) => !/\.(?:test|playbook)\.ts$|\.d\.ts$/.test(path) && !path.startsWith('src/console/'))
    .map((path) => path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'));
  const native = packed.filter((path) => addonName.test(path));
  // What the console is built into has names of its own; its page must be there, and the licences of what it holds.
  const expected = new Set([...pages, ...built, ...native, `${console}index.html`, `${console}licenses.md`]);
  const faults = [
    ...findAddonFaults(native),
    ...[...expected].filter((path) => !packed.includes(path)).map((path) => `${path} is missing from the package`),
    ...packed
      .filter((path) => !expected.has(path) && !path.startsWith(console))
      .map((path) => `${path} is in the package and should not be`),
    ...findProgramFaults(),
  ];
  for (const fault of faults) process.stderr.write(`package: ${fault}\n`);
  process.stdout.write(`package: ${packed.length} files, ${faults.length} faults\n`);
  return faults.length === 0 ? 0 : 1;
}

function listPacked(): readonly string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const listing = execFileSync('npm', args, { cwd: repositoryRoot, encoding: 'utf8' });
  const packages: readonly { readonly files: readonly { readonly path: string }[] }[] = Object.values(
    JSON.parse(listing),
  );
  return packages.flatMap((one) => one.files.map((file) => file.path));
}

/** This machine's addon must be there; each that is there must be for the machine that its name says, and of the sources of now. */
function findAddonFaults(paths: readonly string[]): readonly string[] {
  const { file: own, why } = buildNative('host');
  const missing = own === null || !paths.includes(relative(repositoryRoot, own));
  return [
    ...(missing ? [`the native transport of this machine is missing from the package: ${why ?? 'not packed'}`] : []),
    ...paths.flatMap((path) => {
      const machine = readFileSync(join(repositoryRoot, path)).readUInt16LE(machineAt);
      const isRight = machine === machines[addonName.exec(path)?.[1] ?? ''];
      const isOfNow = readIfThere(`${path}.made`)?.split(' ')[0] === sourceDigest();
      return [
        ...(isRight ? [] : [`${path} is for another machine (${machine})`]),
        ...(isOfNow ? [] : [`${path} was built of other sources: run \`node tools/build-native.mjs --all\``]),
      ];
    }),
  ];
}

/** Npm makes the program executable when it installs it, so only its first line and its start are looked at. */
function findProgramFaults(): readonly string[] {
  const faults: string[] = [];
  if (!readIfThere(program)?.startsWith('#!/usr/bin/env node\n')) faults.push(`${program} has no line that names node`);
  accessSync(join(repositoryRoot, program), constants.R_OK);
  const said = execFileSync(process.execPath, [program, '--version'], { cwd: repositoryRoot, encoding: 'utf8' }).trim();
  const { version }: { readonly version: string } = JSON.parse(readIfThere('package.json') ?? '{}');
  if (said !== version) faults.push(`${program} --version says \`${said}\`, package.json says \`${version}\``);
  return faults;
}
