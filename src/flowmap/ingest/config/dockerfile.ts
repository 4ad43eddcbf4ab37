import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { declareCommands } from './command-endpoints.ts';
import { EndpointCollector, nobody, type Place } from './endpoint-collector.ts';
import { declareImage } from './image-reference.ts';
import { declareModuleSource } from './terraform-sources.ts';

/** The longest Dockerfile that is read: real ones stay below 50,000 characters. */
const maxLength = 1_000_000;

/** Dockerfiles: base images, what is added or copied from elsewhere, defaults of arguments, environment, and what `RUN` lines fetch. */
export const dockerfileFormat: ConfigFormat = {
  id: 'dockerfile',
  title: 'Dockerfile',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 16_384);
    const name = path.split('/').at(-1) ?? '';
    if (/^(?:Dockerfile|Containerfile)(?:\.|$)|\.(?:Dockerfile|Containerfile)$/i.test(name)) return 1;
    const isBuild = /^FROM\s+\S+/m.test(head) && /^(?:RUN|COPY|ENV|CMD|ENTRYPOINT|ADD|WORKDIR|ARG)\s/m.test(head);
    return isBuild ? 0.7 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const { text } = collector;
    if (text.length > maxLength) collector.fault(1, `a Dockerfile of more than ${maxLength} characters is not read`);
    else readInstructions(collector, text);
    return collector.reading();
  },
};

function readInstructions(collector: EndpointCollector, text: string): void {
  const stages = new Set<string>();
  const defaults = new Map<string, string>();
  try {
    const lines = text.split(/\r?\n/);
    for (const instruction of DockerfileParser.parse(text).getInstructions()) {
      readInstruction(collector, instruction, { lines, stages, defaults });
    }
  } catch {
    collector.fault(1, 'the Dockerfile could not be read');
  }
}

interface Build {
  readonly lines: readonly string[];
  readonly stages: Set<string>;
  readonly defaults: Map<string, string>;
}

function readInstruction(collector: EndpointCollector, instruction: Instruction, build: Build): void {
  const line = instruction.getRange().start.line + 1;
  const keyword = instruction.getKeyword();
  const place: Place = { ...nobody, line, key: keyword };
  const raw = argumentsOf(instruction, build.lines);
  if (keyword === 'FROM') readFrom(collector, raw, place, build);
  else if (keyword === 'ADD' || keyword === 'COPY') readCopy(collector, raw, place, build);
  else if (keyword === 'ARG' || keyword === 'ENV') readVariables(collector, raw, place, build);
  else if (keyword === 'RUN' || keyword === 'HEALTHCHECK' || keyword === 'ONBUILD')
    readRun(collector, raw, place, build);
  else if (keyword === 'CMD' || keyword === 'ENTRYPOINT') collector.words(wordsOf(raw, line), place);
}

/** What stands behind the keyword, flags included, as in the file. */
function argumentsOf(instruction: Instruction, lines: readonly string[]): string {
  const { start, end } = instruction.getRange();
  const text = lines.slice(start.line, end.line + 1);
  return text
    .join('\n')
    .slice(start.character + instruction.getKeyword().length)
    .trimStart();
}

/** `--platform=x image AS stage`; an image may be a stage above. */
function readFrom(collector: EndpointCollector, raw: string, place: Place, build: Build): void {
  const words = raw.split(/\s+/).filter((word) => !word.startsWith('--'));
  const image = withDefaults(words[0] ?? '', build);
  if (!build.stages.has(image.toLowerCase())) declareImage(collector, image, place);
  const stage = words[1]?.toUpperCase() === 'AS' ? words[2] : undefined;
  if (stage !== undefined) build.stages.add(stage.toLowerCase());
}

function readCopy(collector: EndpointCollector, raw: string, place: Place, build: Build): void {
  const from = withDefaults(/--from=(\S+)/.exec(raw)?.[1] ?? '', build);
  // A number is the place of a stage.
  if (from !== '' && !/^\d+$/.test(from) && !build.stages.has(from.toLowerCase())) declareImage(collector, from, place);
  if (place.key !== 'ADD') return;
  for (const word of raw.split(/\s+/)) {
    if (word.startsWith('git@')) declareModuleSource(collector, word, place);
    else collector.value(withDefaults(word, build), place, { isProse: true });
  }
}

function readVariables(collector: EndpointCollector, raw: string, place: Place, build: Build): void {
  const pairs = [...raw.matchAll(/([A-Za-z_]\w{0,200})(?:=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*))/g)].slice(
    0,
    500,
  );
  const old = place.key === 'ENV' && pairs.length === 0 ? /^([A-Za-z_]\w*)\s+([\s\S]*)$/.exec(raw) : null;
  const settings = (old === null ? pairs : [old]).map((found) => {
    const before = raw.slice(0, found.index).split('\n').length - 1;
    return {
      key: found[1] ?? '',
      text: withDefaults((found[2] ?? '').replace(/^["']|["']$/g, ''), build),
      line: place.line + before,
    };
  });
  for (const { key, text } of settings) if (build.defaults.size < 1_000) build.defaults.set(key, text);
  collector.settings(settings, nobody);
}

function readRun(collector: EndpointCollector, raw: string, place: Place, build: Build): void {
  const from = /--mount=\S*\bfrom=([^,\s]+)/.exec(raw)?.[1];
  if (from !== undefined && !build.stages.has(from.toLowerCase()))
    declareImage(collector, withDefaults(from, build), place);
  declareCommands(collector, withDefaults(raw, build), place, true);
}

/** Variables that the file itself sets are filled in; others stay, and become holes. */
function withDefaults(text: string, { defaults }: Build): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (hole, braced?: string, plain?: string) => {
    const value = defaults.get(braced ?? plain ?? '');
    return value === undefined || value.length > 2_000 ? hole : value;
  });
}

function wordsOf(raw: string, line: number): readonly { readonly text: string; readonly line: number }[] {
  const quoted = raw.trimStart().startsWith('[')
    ? [...raw.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word)
    : raw.split(/\s+/);
  return quoted.map((text) => ({ text, line }));
}
