import { join } from 'node:path';
import { writeEstate } from '../generate/write-estate.ts';
import { type Filled, fillReasons } from './fill-reasons.ts';
import { type BenignShare, type Fit, isWayToProxy, judgePolicy, shareOnMap } from './judge-policy.ts';
import { type Ran, runExeat } from './run-exeat.ts';

/** What the walk came to; kept as `figures.json`. */
export interface FirstHourFigures {
  readonly lines: number;
  /** How much of what is wanted stands rightly on the map. */
  readonly mapped: BenignShare;
  /** What the proposal of all 45 days comes to. */
  readonly fit: Fit;
  /** The same for a proposal of the first days, held against the last two weeks, of which it saw nothing. */
  readonly heldOut: Fit;
  readonly filled: Filled;
  /** Commands with their exit codes, the folder written as `$DIR`. */
  readonly commands: readonly { readonly command: string; readonly code: number }[];
}

/** The walk with what is not as it should be; empty when all is well. */
export interface FirstHour {
  readonly figures: FirstHourFigures;
  readonly faults: readonly string[];
}

/** At least this share of what is wanted is to be covered. */
const leastShare = 0.99;
/** Two weeks before the end of the story. */
const heldOutFrom = '2026-10-15';

/** Walks the first hour in an empty folder: logs, map, proposal, reasons, check, replay. Tells each step as it goes. */
export async function walkFirstHour(folder: string, tell: (text: string) => void): Promise<FirstHour> {
  const { step, commands, faults } = createWalk(folder, tell);
  const { lines, truth, truthSince } = writeEstate(folder);
  tell(`${lines} lines of logs of five services are in ${folder}\n`);
  await step('flows ingest $DIR/logs $DIR/deploy', 0);
  const map = await step('flows map -o json', 0);
  await step('flows propose --to $DIR/proposed', 0);
  await step('policy check $DIR/proposed', 1);
  const filled = fillReasons(join(folder, 'proposed'));
  tell(`\na person reads the files and gives ${filled.reasons} reasons and ${filled.owners} owner\n`);
  await step('policy check $DIR/proposed', 0);
  const replay = await step('flows replay --policy $DIR/proposed -o json', 2);
  await step(`flows propose --until ${heldOutFrom} --to $DIR/earlier`, 0);
  const later = await step(`flows replay --policy $DIR/earlier --since ${heldOutFrom} -o json`, 2);
  const figures: FirstHourFigures = {
    lines,
    mapped: shareOnMap(truth, map.stdout),
    fit: judgePolicy(truth, replay.stdout),
    heldOut: judgePolicy(truthSince(Date.parse(heldOutFrom)), later.stdout),
    filled,
    commands,
  };
  tell(`\n${figuresText(figures)}`);
  return { figures, faults: [...faults, ...faultsOf(figures)] };
}

interface Walk {
  readonly commands: { readonly command: string; readonly code: number }[];
  readonly faults: string[];
  /** Runs a command, tells it, and holds its exit code against the one that it should have. */
  step(command: string, expected: number): Promise<Ran>;
}

function createWalk(folder: string, tell: (text: string) => void): Walk {
  const commands: Walk['commands'] = [];
  const faults: string[] = [];
  const step = async (command: string, expected: number): Promise<Ran> => {
    const ran = await runExeat(folder, command.replaceAll('$DIR', folder).split(' '));
    commands.push({ command, code: ran.code });
    const output = command.endsWith('-o json') ? '' : shortened(ran.stdout);
    tell(`\n$ exeat ${command}\n${output}${shortened(ran.stderr)}exit code ${ran.code}\n`);
    if (ran.code !== expected) faults.push(`\`exeat ${command}\` ended with ${ran.code} instead of ${expected}`);
    return ran;
  };
  return { commands, faults, step };
}

const mostTold = 12;

function shortened(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const more = lines.length > mostTold ? [`… ${lines.length - mostTold} lines more`] : [];
  return [...lines.slice(0, mostTold), ...more].map((line) => `${line}\n`).join('');
}

function figuresText({ mapped, fit, heldOut }: FirstHourFigures): string {
  const lines = [
    `wanted, on the right edge of the map:      ${shareText(mapped)}`,
    `wanted, allowed by the proposal:           ${shareText(fit.covered)}`,
    `the same, of the 14 days after a proposal: ${shareText(heldOut.covered)}`,
    `planted, allowed:                          ${fit.admitted.length} of ${fit.planted} edges, ${heldOut.admitted.length} of ${heldOut.planted}`,
    ...[...fit.missed, ...fit.other].map((key) => `denied, and not planted:                   ${key}`),
  ];
  return `${lines.join('\n')}\n`;
}

function shareText({ connections, allConnections, edges, allEdges }: BenignShare): string {
  // Cut, not rounded: what is not all does not look so.
  const share = (part: number, all: number): string => `${(Math.floor((10_000 * part) / all) / 100).toFixed(2)} %`;
  return `${share(connections, allConnections)} of the connections and ${share(edges, allEdges)} of the edges`;
}

function faultsOf({ mapped, fit, heldOut }: FirstHourFigures): readonly string[] {
  const shares = { 'the map': mapped, 'the proposal': fit.covered, 'the earlier proposal': heldOut.covered };
  const low = Object.entries(shares).filter(([, share]) => isLow(share));
  const strange = [...fit.other, ...heldOut.other].filter((key) => !isWayToProxy(key));
  return [
    ...low.map(([what, share]) => `${what} has only ${shareText(share)}`),
    ...[...fit.admitted, ...heldOut.admitted].map((key) => `a planted edge is allowed: ${key}`),
    ...strange.map((key) => `denied, and nobody knows what it is: ${key}`),
  ];
}

function isLow({ connections, allConnections, edges, allEdges }: BenignShare): boolean {
  return connections < leastShare * allConnections || edges < leastShare * allEdges;
}
