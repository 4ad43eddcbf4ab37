import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { type Addon, abiVersion } from './abi.ts';

// Beside src/ and dist/ alike.
const nativeFolder = join(import.meta.dirname, '../../../native');
const load = createRequire(import.meta.url);

/** Loads the addon: the file of this system and processor, for glibc or else for musl. Fault: `native_unavailable`, with why. */
export function loadAddon(folder: string = nativeFolder): Result<Addon> {
  if (process.platform !== 'linux') return unavailable(`it is for Linux and not for ${process.platform}`);
  const files = ['glibc', 'musl'].map((libc) => join(folder, 'build', `linux-${process.arch}-${libc}.node`));
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0) return unavailable(`it was not built for linux-${process.arch}`);
  const reasons: string[] = [];
  for (const file of there) {
    const loaded = readAddon(file, sourceDigest(folder));
    if (loaded.ok) return loaded;
    reasons.push(loaded.fault.message);
  }
  // Which of them this system would take is not known, and only one's reason is the true one.
  return unavailable(reasons.join('; '));
}

/** The digest of the sources of the addon, which a file that was made of them has; null where they are not, as in the published package. */
export function sourceDigest(folder: string = nativeFolder): string | null {
  const names = existsSync(join(folder, 'io.h')) ? readdirSync(folder).filter((name) => /\.[ch]$/.test(name)) : [];
  if (names.length === 0) return null;
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

/** Loads one file; `madeOf` is the digest of the sources that it must be built of, null for any. Fault: `native_unavailable`. */
export function loadFile(file: string, madeOf: string | null = null): Result<Addon> {
  const loaded = readAddon(file, madeOf);
  return loaded.ok ? loaded : unavailable(loaded.fault.message);
}

function readAddon(file: string, madeOf: string | null): Result<Addon> {
  const unfit = (why: string): Result<Addon> => failed(fault('native_unavailable', why));
  try {
    const addon: Addon & { readonly sources?: string } = load(file);
    if (addon.abi !== abiVersion) return unfit(`\`${file}\` speaks version ${addon.abi}, ${abiVersion} is needed`);
    if (madeOf !== null && addon.sources !== madeOf) {
      return unfit(`\`${file}\` was built of other sources, run \`node tools/build-native.mjs\``);
    }
    return ok(addon);
  } catch (error) {
    return unfit(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function unavailable(why: string): Result<Addon> {
  return failed(fault('native_unavailable', `the native transport cannot be loaded: ${why}`));
}
