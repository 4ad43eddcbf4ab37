import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FirstHourFigures } from '../../examples/first-hour/walk/walk-first-hour.ts';
import { repositoryFolder } from '../support/quickstart-copy.ts';

const script = join(repositoryFolder, 'examples/first-hour/run.ts');

describe('the first hour', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-first-hour-'));
  const dir = join(folder, 'walk');
  let told: { readonly code: number; readonly stdout: string; readonly stderr: string };
  let figures: FirstHourFigures;

  before(async () => {
    told = await run(dir);
    assert.equal(told.code, 0, told.stderr);
    figures = JSON.parse(readFileSync(join(dir, 'figures.json'), 'utf8')) as FirstHourFigures;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is what the page of the guide says to type, as far as it is about logs', () => {
    const page = readFileSync(join(repositoryFolder, 'docs/guide/first-hour.md'), 'utf8');
    const typed = [...page.matchAll(/^exeat ((?:flows|policy check) .*\$DIR.*|flows .*)$/gm)].map(
      ([, command]) => command,
    );
    assert.equal(typed.length, 5, typed.join('; '));
    const walked = figures.commands.map(({ command }) => command);
    assert.deepEqual(
      typed.filter((command) => !walked.includes(command ?? '')),
      [],
    );
  });

  test('begins with more than 200,000 lines of logs', () => {
    assert.equal(figures.lines, 226_636);
  });

  test('puts every flow that is wanted on the right edge, but for a line that was cut off and an address of two names', () => {
    assert.deepEqual(figures.mapped, { connections: 130_843, allConnections: 130_845, edges: 152, allEdges: 152 });
  });

  test('proposes at least 99 of 100 flows that are wanted, by connections and by edges', () => {
    assert.deepEqual(figures.fit.covered, {
      connections: 130_793,
      allConnections: 130_845,
      edges: 151,
      allEdges: 152,
    });
    assert.ok(130_793 / 130_845 >= 0.99 && 151 / 152 >= 0.99);
    assert.deepEqual(figures.fit.missed, ['support-desk forms.askwell.example:443']);
  });

  test('proposes none of the planted flows', () => {
    assert.equal(figures.fit.planted, 69);
    assert.deepEqual(figures.fit.admitted, []);
  });

  test('denies nothing else', () => {
    assert.deepEqual(figures.fit.other, []);
  });

  test('made from the first 31 days, fits the 14 days that followed as well', () => {
    const { covered, admitted } = figures.heldOut;
    assert.ok(covered.connections / covered.allConnections >= 0.99, JSON.stringify(covered));
    assert.ok(covered.edges / covered.allEdges >= 0.99, JSON.stringify(covered));
    assert.ok(covered.allConnections > 35_000, JSON.stringify(covered));
    assert.deepEqual(admitted, []);
  });

  test('lists each planted flow apart, for the reason that gives it away', () => {
    const proposed = readdirSync(join(dir, 'proposed')).map((name) =>
      readFileSync(join(dir, 'proposed', name), 'utf8'),
    );
    const reasonsOf = (to: string): readonly string[] =>
      proposed.flatMap((text) => reasonsBefore(text.split('\n'), `  # - to: ${to}`));
    assert.deepEqual(reasonsOf('cam7.homelines.example:443'), ['beacon_regular', 'undeclared_alone']);
    assert.deepEqual(reasonsOf('pastebin.com:443'), ['paste_site', 'one_off', 'night_only', 'undeclared_alone']);
    assert.deepEqual(reasonsOf('registry.npmjs.org:443'), ['package_registry']);
    assert.deepEqual(reasonsOf('bank-gateway.example.net:443'), ['undeclared_alone']);
    assert.deepEqual(reasonsOf('http://169.254.169.254:80'), ['forbidden_address', 'rare']);
    assert.deepEqual(reasonsOf('"198.51.100.250:443"'), ['high_upload', 'rare']);
    assert.deepEqual(reasonsOf('arcade.leisure.example:443'), ['source_denied', 'one_off', 'undeclared_alone']);
  });

  test('makes one wildcard of the numbered machines of each host, and no other', () => {
    const wildcards = readdirSync(join(dir, 'proposed')).flatMap((name) =>
      [...readFileSync(join(dir, 'proposed', name), 'utf8').matchAll(/^ {2}- to: "(\*[^"]+)"/gm)].map(
        (match) => `${name} ${match[1]}`,
      ),
    );
    assert.deepEqual(wildcards, [
      'ci-runner.yaml *.layers.example.net:443',
      'shop-web.yaml *.assets.shopcdn.example:443',
      'support-desk.yaml *.assets.shopcdn.example:443',
    ]);
  });

  test('needs a person: 58 reasons, and the owner of a service that the inventory gives none', () => {
    assert.deepEqual(figures.filled, { reasons: 58, owners: 1 });
  });

  test('is what the pages walk: every command in them is one that was run', () => {
    const known = new Set(figures.commands.map(({ command }) => command.replace(/ -o json$/, '')));
    for (const page of ['README.md', 'examples/first-hour/README.md']) {
      const text = readFileSync(join(repositoryFolder, page), 'utf8');
      const typed = [...text.matchAll(/^npm run -s exeat -- (flows (?!map --picture).*|policy check \$DIR.*)$/gm)].map(
        (match) => match[1] ?? '',
      );
      assert.ok(typed.length >= 4, page);
      assert.deepEqual(
        typed.filter((command) => !known.has(command)),
        [],
        page,
      );
    }
  });

  test('ends with the figures that its page shows', () => {
    const [, figuresShown = ''] = told.stdout.split(/\n(?=wanted, on the right edge)/);
    const page = readFileSync(join(repositoryFolder, 'examples/first-hour/README.md'), 'utf8');
    assert.ok(figuresShown !== '' && page.includes(figuresShown), figuresShown);
  });

  test('touches no folder that is not its own', async () => {
    const { code, stderr } = await run(repositoryFolder);
    assert.equal(code, 64);
    assert.match(stderr, /is there and not of this example/);
  });
});

/** The words before the colons of the reasons that stand above an entry that is listed apart. */
function reasonsBefore(lines: readonly string[], entry: string): readonly string[] {
  const at = lines.indexOf(entry);
  if (at < 0) return [];
  const start = lines.slice(0, at).lastIndexOf('  #');
  return lines.slice(start + 1, at).flatMap((line) => /^ {2}# ([a-z_]+): /.exec(line)?.[1] ?? []);
}

function run(folder: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, folder], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
