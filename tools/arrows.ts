import { type ImportLine, readImports } from './read-imports.ts';
import { isTestFile, type SourceFile } from './source-files.ts';

/** What a room may import: rooms wholly, and rooms of which it may name types only. */
export interface RoomRow {
  readonly rooms: readonly string[];
  readonly typesOf: readonly string[];
  /** True for the rooms that decide and therefore load nothing of the platform. */
  readonly pure: boolean;
}

const pureRooms = [
  'base',
  'wire',
  'identity',
  'destination',
  'behaviour',
  'policy',
  'audit',
  'exceptions',
  'flowmap',
  'enforcement',
] as const;
const listenerRooms = ['base', 'wire', 'identity', 'destination', 'behaviour', 'enforcement', 'transport'] as const;
const outerRooms = [
  'transport',
  'trust',
  'proxy',
  'dns',
  'gateway',
  'sandbox',
  'intake',
  'snapshot',
  'spool',
  'store',
] as const;

/**
 * The rooms of `src/` and who may import whom: importer -> imported. A room is added here with the issue that builds
 * it, so that the table never promises a room that is not there.
 */
export const arrows: Readonly<Record<string, RoomRow>> = {
  base: pure([]),
  wire: pure(['base']),
  identity: pure(['base']),
  destination: pure(['base']),
  behaviour: pure(['base']),
  policy: pure(['base', 'identity', 'destination', 'behaviour']),
  audit: pure(['base']),
  exceptions: pure(['base', 'identity', 'destination', 'policy', 'audit']),
  flowmap: pure(['base', 'identity', 'destination', 'policy']),
  'flowmap/traffic': pure(['base', 'destination', 'policy']),
  enforcement: pure(['base', 'wire', 'identity', 'destination', 'behaviour', 'policy']),
  transport: outer(['base', 'destination', 'enforcement'], ['policy']),
  trust: outer(['base', 'identity'], []),
  proxy: outer(listenerRooms, ['policy']),
  dns: outer(listenerRooms, ['policy']),
  gateway: outer(listenerRooms, ['policy']),
  probe: outer(['base', 'wire', 'destination'], []),
  sandbox: outer(['base'], []),
  intake: outer(['base', 'flowmap'], []),
  snapshot: outer(['base', 'policy'], []),
  spool: outer(['base', 'policy', 'enforcement'], []),
  store: outer(['base', 'audit', 'exceptions', 'flowmap/traffic'], []),
  'store/duckdb': outer(['base', 'flowmap'], []),
  config: outer(['base', 'policy'], outerRooms),
  'api/contract': outer(['base', 'policy'], ['flowmap/traffic']),
  api: outer([...pureRooms, 'config', 'api/contract'], []),
  console: outer(['policy'], ['api/contract']),
  cli: outer([...pureRooms, 'probe', 'config', 'api/contract', 'app', 'app/front'], []),
  'app/front': outer(['base', 'config'], []),
  app: outer(
    [...pureRooms, ...outerRooms, 'flowmap/traffic', 'store/duckdb', 'config', 'api', 'api/contract', 'app/front'],
    [],
  ),
};

/** The most lines that the leaf room may hold in all: a helper used by one room lives in that room. */
export const maxBaseLines = 300;

/**
 * Rooms inside another one, with a door of their own: others may know the contract and not the server, one store and not the other, and
 * start a process without loading what runs in it.
 */
export const innerRooms: readonly string[] = ['api/contract', 'flowmap/traffic', 'store/duckdb', 'app/front'];

/** The room a path lies in (`src/policy/decide.ts` -> `policy`), or `null` outside `src/`. */
export function roomOf(path: string): string | null {
  const inner = innerRooms.find((room) => path.startsWith(`src/${room}/`));
  return inner ?? /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Every import that goes against the table or enters a room beside its door, as one line each. */
export function findWrongArrows(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) =>
    readImports(file).flatMap((line) => {
      const wrong = wrongWith(line);
      return wrong === null ? [] : [`${line.from}:${line.line} imports ${line.target}: ${wrong}`];
    }),
  );
}

/** Doors that hold anything but explicit named re-exports, each as a path. */
export function findUnplainDoors(files: readonly SourceFile[]): readonly string[] {
  const reexports = /export\s+(?:type\s+)?\{[^}]*\}\s+from\s+'\.\/[^']+\.ts';/g;
  const comments = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
  return files
    .filter((file) => file.path === `src/${roomOf(file.path)}/index.ts`)
    .filter((file) => file.text.replace(comments, '').replace(reexports, '').trim() !== '')
    .map((file) => file.path);
}

/** Places where product code brings in something that only tests may hold (`allowAllForTest`). */
export function findTestPowerInProduct(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter((file) => !isTestFile(file.path) && file.path.startsWith('src/') && !file.path.endsWith('/index.ts'))
    .flatMap(readImports)
    .filter((line) => line.names.some((name) => name.endsWith('ForTest')))
    .map((line) => `${line.from}:${line.line} imports ${line.names.join(', ')}`);
}

function wrongWith(line: ImportLine): string | null {
  const importer = roomOf(line.from);
  const imported = roomOf(line.target);
  if (importer === null) return imported === null ? null : wrongEntry(line, imported);
  if (imported === importer) return wrongInside(line, importer);
  if (isTestFile(line.from)) return imported === null ? null : wrongEntry(line, imported);
  if (imported === null) return wrongOutside(line, importer);
  return wrongEntry(line, imported) ?? wrongArrow(line, importer, imported);
}

function wrongInside(line: ImportLine, room: string): string | null {
  if (isTestFile(line.from) || line.target !== `src/${room}/index.ts`) return null;
  return 'the door is for other rooms; import the file itself';
}

function wrongOutside(line: ImportLine, room: string): string | null {
  if (/^(?:test|tools|bench)\//.test(line.target)) return 'the product does not load tests, tools or benches';
  const isPure = arrows[room]?.pure ?? false;
  return isPure && line.target.startsWith('node:') ? 'a pure room loads nothing of the platform' : null;
}

function wrongEntry(line: ImportLine, room: string): string | null {
  // A program is started by its own file, never through a door; tests that start it name it.
  if (line.target === 'src/cli/exeat.ts' && roomOf(line.from) === null) return null;
  return line.target === `src/${room}/index.ts` ? null : `enter by src/${room}/index.ts`;
}

function wrongArrow(line: ImportLine, importer: string, imported: string): string | null {
  const row = arrows[importer];
  if (row === undefined) return `room \`${importer}\` is not in the table of tools/arrows.ts`;
  if (row.rooms.includes(imported)) return null;
  if (!row.typesOf.includes(imported)) return `${importer} may import ${[...row.rooms, ...row.typesOf].join(', ')}`;
  return line.typesOnly ? null : `${importer} may name types of ${imported}, and load nothing of it`;
}

function pure(rooms: readonly string[]): RoomRow {
  return { rooms, typesOf: [], pure: true };
}

function outer(rooms: readonly string[], typesOf: readonly string[]): RoomRow {
  return { rooms, typesOf, pure: false };
}
