import { escapeControls } from '../base/index.ts';

/** One line of a log for people: `17:20:44 INFO  point    first seen service=demo-app port=8443`, the time in UTC. */
export function terminalLine(entry: {
  readonly level: string;
  readonly process: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly at: number;
}): string {
  const time = new Date(entry.at).toISOString().slice(11, 19);
  const facts = Object.entries(entry.facts).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [` ${key}=${factText(value)}`],
  );
  const line = `${time} ${entry.level.toUpperCase().padEnd(5)} ${entry.process.padEnd(10)} ${entry.message}`;
  return `${escapeControls(line)}${facts.join('')}\n`;
}

// Quoted where it holds a space or a quote, so that keys stay apart; nothing from outside can begin a line or steer a terminal.
function factText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return escapeControls(/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));
}
