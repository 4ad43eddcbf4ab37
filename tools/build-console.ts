// Builds the console into dist/console: what `exeat up` serves and the package carries. A build is kept by the content of what went into
// it, so that only changes are built.
//   node tools/build-console.ts
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { filesBelow, isTestFile, repositoryRoot } from './source-files.ts';

/** What a first visit may load at most, JavaScript and style sheets together, as gzip. */
const mostFirstLoadBytes = 300 * 1024;

/** What pages are made of: their own room, and the engine of policy with the rooms below it, which the editor runs in the browser. */
const sources = ['src/console', 'src/policy', 'src/destination', 'src/identity', 'src/behaviour', 'src/base'];
const source = join(repositoryRoot, 'src/console');
/** The library of public suffixes. */
const suffixes = 'tldts/dist';
const target = join(repositoryRoot, 'dist/console');
const cache = join(repositoryRoot, 'node_modules/.cache/console');
const keptBuilds = 5;

process.exitCode = await buildConsole();

async function buildConsole(): Promise<number> {
  const digest = digestInputs();
  const kept = join(cache, digest);
  if (!existsSync(kept)) await buildInto(kept);
  const size = firstLoadBytes(kept);
  const say = `console: first load ${Math.ceil(size / 1024)} KB of at most ${mostFirstLoadBytes / 1024} KB (gzip)`;
  process.stderr.write(`${say}\n`);
  if (size > mostFirstLoadBytes) {
    process.stderr.write('console: load less at first: put what one page needs into its own chunk\n');
    return 1;
  }
  install(kept, digest);
  return 0;
}

// The contract is there for its types, which leave nothing in a build; what a build holds comes from these.
function digestInputs(): string {
  const hash = createHash('sha256');
  const files = sources.flatMap((folder) => filesBelow(folder, '')).filter((path) => !isTestFile(path));
  for (const path of ['package-lock.json', 'tools/build-console.ts', ...files].sort()) {
    const bytes = readFileSync(join(repositoryRoot, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}

async function buildInto(folder: string): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  // Loaded where something is built only: mostly nothing is.
  const { build } = await import('vite');
  await build({
    root: source,
    configFile: false,
    logLevel: 'warn',
    publicDir: 'public',
    // The same table that the library itself loads here, in place of a second one for Node.
    resolve: {
      alias: {
        [`${suffixes}/cjs/src/data/trie.js`]: join(repositoryRoot, `node_modules/${suffixes}/es6/src/data/trie.js`),
      },
    },
    // Everything from our own listener, under a policy that runs nothing inline: no polyfill in the page, no file as a data URL.
    build: {
      outDir: fresh,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // The editor and the engine of policy are large, and loaded by the page that has them only.
      chunkSizeWarningLimit: 800,
      license: { fileName: 'licenses.md' },
      rolldownOptions: {
        onLog: (level, log, handle) => {
          // Libraries mark what runs in browsers for servers that draw pages; all of ours does.
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
        },
      },
    },
  });
  for (const path of listFiles(fresh)) {
    if (!/\.(?:js|css|html|svg|md)$/.test(path)) continue;
    const bytes = readFileSync(join(fresh, path));
    writeFileSync(join(fresh, `${path}.gz`), gzipSync(bytes, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(join(fresh, `${path}.br`), brotliCompressSync(bytes, { params }));
  }
  forgetOldBuilds();
  // Two that build at once make the same; the second one lets its own go.
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function forgetOldBuilds(): void {
  const kept = readdirSync(cache).filter((name) => /^[0-9a-f]{32}$/.test(name));
  for (const name of kept.slice(0, Math.max(0, kept.length - keptBuilds))) {
    rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** What the page names in its head: scripts, what they load at once, and style sheets. */
function firstLoadBytes(folder: string): number {
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, path = '']) => path);
  if (named.length === 0) throw new TypeError('the built page names no script');
  return named.reduce((sum, path) => sum + readFileSync(join(folder, `${path}.gz`)).length, 0);
}

function install(kept: string, digest: string): void {
  const stamp = join(repositoryRoot, 'node_modules/.cache/console-installed');
  if (existsSync(join(target, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  mkdirSync(join(repositoryRoot, 'dist'), { recursive: true });
  rmSync(target, { recursive: true, force: true });
  cpSync(kept, target, { recursive: true });
  writeFileSync(stamp, digest);
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
