// Builds the native transport, where there is a compiler: `native/build/linux-x64-glibc.node`. Plain JavaScript, since setup runs it
// before Node 24 is there. What was built of the same sources, flags, headers and compiler is kept and not built again.
//   node tools/build-native.mjs                 for this machine
//   node tools/build-native.mjs --all           and for every other one that a compiler is here for
//   node tools/build-native.mjs --sanitize      with ASan and UBSan, and with system calls that tests can make fail
//   node tools/build-native.mjs --faults        only with those
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const folder = join(root, 'native');
const output = join(folder, 'build');
const headers = join(root, 'node_modules/node-api-headers');

const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror'];
const plain = [
  ...warnings,
  '-O2',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
];
const hardened = ['-Wl,-z,relro,-z,now,-z,noexecstack', '-s', '-pthread'];
const checked = [...warnings, '-g', '-O1', '-fPIC', '-shared', '-fno-omit-frame-pointer', '-DEXEAT_FAULTS', '-pthread'];

/** What can be built: the file's name, the compiler, and its flags. */
const targets = {
  host: {
    name: `linux-${process.arch}-${isMusl() ? 'musl' : 'glibc'}`,
    compiler: 'cc',
    flags: [...plain, ...hardened],
  },
  arm: { name: 'linux-arm64-glibc', compiler: 'aarch64-linux-gnu-gcc', flags: [...plain, ...hardened] },
  musl: { name: 'linux-x64-musl', compiler: 'musl-gcc', flags: [...plain, ...hardened] },
  faults: { name: 'faults', compiler: 'cc', flags: checked },
  sanitize: {
    name: 'sanitize',
    compiler: 'cc',
    flags: [...checked, '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  },
};

/** Builds one target, unless it was built of the same before. Gives the file, or why there is none. */
export function buildNative(kind) {
  const target = targets[kind];
  const version = spawnSync(target.compiler, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { file: null, why: `there is no \`${target.compiler}\`` };
  if (!existsSync(join(headers, 'include/node_api.h'))) return { file: null, why: 'node-api-headers is not installed' };
  const file = join(output, `${target.name}.node`);
  const sources = sourceNames();
  const digest = digestOf(sources);
  const made = `${digest} ${target.flags.join(' ')} ${versionOf(headers)} ${version.stdout.split('\n')[0]}\n`;
  if (existsSync(file) && readIfThere(`${file}.made`) === made) return { file, why: null };
  return compile(target, { file, made, digest, sources: sources.filter((name) => name.endsWith('.c')) });
}

function compile(target, { file, made, digest, sources }) {
  mkdirSync(output, { recursive: true });
  const building = `${file}.${process.pid}`;
  const words = [
    ...target.flags,
    `-DEXEAT_SOURCES="${digest}"`,
    `-I${join(headers, 'include')}`,
    ...sources,
    '-o',
    building,
  ];
  const done = spawnSync(target.compiler, words, { cwd: folder, encoding: 'utf8' });
  if (done.status !== 0) {
    rmSync(building, { force: true });
    return { file: null, why: `\`${target.compiler}\` failed:\n${done.stderr}` };
  }
  // Another process may have the old file loaded: it keeps it.
  renameSync(building, file);
  writeFileSync(`${file}.made`, made);
  return { file, why: null };
}

/** Builds for this machine and says in one line where that cannot be: everything then runs on `node`. */
export function buildForSetup(say) {
  if (process.platform !== 'linux') return;
  const { why } = buildNative('host');
  if (why !== null) say(`the native transport is not built, \`node\` serves: ${why}`);
}

/** The digest of the sources as they are. */
export function sourceDigest() {
  return digestOf(sourceNames());
}

function sourceNames() {
  return readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
}

function digestOf(sources) {
  const hash = createHash('sha256');
  for (const name of sources) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

function versionOf(packageFolder) {
  return JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function isMusl() {
  return (
    process.platform === 'linux' &&
    readdirSync('/lib').some((name) => name.startsWith('ld-musl-')) &&
    !existsSync('/lib64/ld-linux-x86-64.so.2') &&
    !existsSync('/lib/ld-linux-aarch64.so.1')
  );
}

function main(flags) {
  const wanted = flags.includes('--all') ? ['host', 'arm', 'musl'] : flags.map((flag) => flag.slice(2));
  const unknown = wanted.find((kind) => targets[kind] === undefined);
  if (unknown !== undefined) {
    process.stderr.write(`build-native: \`${unknown}\` is not known, there are ${Object.keys(targets).join(', ')}\n`);
    process.exitCode = 64;
    return;
  }
  const missing = (wanted.length === 0 ? ['host'] : wanted).filter((kind) => !buildAndSay(kind));
  if (missing.length > 0 && !flags.includes('--all')) process.exitCode = 1;
}

function buildAndSay(kind) {
  const { file, why } = buildNative(kind);
  if (why === null) process.stdout.write(`${file}\n`);
  else process.stderr.write(`build-native: ${targets[kind].name} was not built: ${why}\n`);
  return why === null;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  main(process.argv.slice(2));
