import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import {
  type ByteBudget,
  type ByteBudgetParts,
  type BytesByDirection,
  createByteBudget,
  type Direction,
} from '../../behaviour/index.ts';
import type { BudgetBook, ByteMeter } from '../../enforcement/index.ts';
import type { Grant, GrantIndex } from '../../policy/index.ts';
import type { Logger } from '../logger.ts';

/** The budgets of capped grants, written down as they are spent. */
export interface FiledBudgets extends BudgetBook {
  /** The ids of grants whose budget is spent; the same set for good. */
  readonly spent: ReadonlySet<string>;
  /** Is told that a budget was spent just now. */
  onSpent: (id: string) => void;
  /** Takes in the grants that are in force from now on. */
  adopt(index: GrantIndex, nowMs: number): void;
  problem(): string | null;
  close(): void;
}

/** What was written down of one grant, and until when it matters (epoch milliseconds). */
interface Spending extends BytesByDirection {
  readonly untilMs: number;
}

// A budget is 64 lines in each direction: lines of past budgets are left out when the file is opened, and when it has grown so large.
const maxFileBytes = 8 * 1024 * 1024;
// An ended grant is remembered this long, should the clock be set anew.
const keptAfterMs = 24 * 3_600_000;

/**
 * Opens the book at `path`: one JSON object a line, each with what counts as spent of a grant from then on. What was written outlives a kill
 * of the process. A file that is damaged makes every capped grant spent: what cannot be known is not given out.
 */
export function openBudgets(path: string, logger: Logger, nowMs: number): FiledBudgets {
  const read = readBook(path);
  if (read.isDamaged) logger.error('budgets cannot be read, every capped grant counts as spent', { path });
  const spendings = new Map([...read.spendings].filter(([, { untilMs }]) => untilMs + keptAfterMs > nowMs));
  const book = new Book(path, logger, spendings, read.isDamaged);
  if (!read.isDamaged) book.rewrite();
  return book;
}

class Book implements FiledBudgets {
  readonly spent: Set<string> = new Set();
  onSpent: (id: string) => void = () => undefined;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #spendings: Map<string, Spending>;
  readonly #isDamaged: boolean;
  /** One for each grant for good: connections hold on to it while lists come and go. */
  readonly #budgets = new Map<string, { readonly budget: ByteBudget; readonly meter: ByteMeter; caps: Caps }>();
  #index: GrantIndex | null = null;
  #fd: number | null = null;
  #bytes = 0;
  #failure: string | null = null;

  constructor(path: string, logger: Logger, spendings: Map<string, Spending>, isDamaged: boolean) {
    this.#path = path;
    this.#logger = logger;
    this.#spendings = spendings;
    this.#isDamaged = isDamaged;
  }

  adopt(index: GrantIndex, nowMs: number): void {
    this.#index = index;
    this.#forgetPast(index, nowMs);
    this.spent.clear();
    for (const id of this.#isDamaged ? index.byId.keys() : this.#spendings.keys()) {
      const grant = index.byId.get(id)?.grant;
      const made = this.#budgets.get(id);
      if (grant !== undefined && made !== undefined) made.caps = capsOf(grant);
      if (grant !== undefined && (made?.budget.isSpent() ?? this.#isSpent(grant))) this.spent.add(id);
    }
  }

  meterOf(id: string): ByteMeter | null {
    const known = this.#budgets.get(id);
    if (known !== undefined) return known.meter;
    const grant = this.#index?.byId.get(id)?.grant;
    return grant === undefined || !isCapped(grant) ? null : this.#open(grant);
  }

  problem(): string | null {
    if (this.#isDamaged)
      return `budgets \`${this.#path}\` are damaged, every capped grant counts as spent: remove the file`;
    return this.#failure;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Writes the file anew with what still matters. */
  rewrite(): void {
    try {
      const lines = [...this.#spendings].map(([id, spending]) => lineOf(id, spending)).join('');
      writeFileSync(`${this.#path}.new`, lines, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
      this.close();
      this.#fd = openSync(this.#path, 'a', 0o600);
      this.#bytes = lines.length;
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  #forgetPast(index: GrantIndex, nowMs: number): void {
    for (const [id, { untilMs }] of this.#spendings) {
      if (index.byId.has(id) || untilMs + keptAfterMs > nowMs) continue;
      this.#spendings.delete(id);
      this.#budgets.delete(id);
    }
  }

  #open(grant: Grant): ByteMeter {
    const { id, bytesUp, bytesDown, notAfter } = grant;
    const { up, down } = this.#spendings.get(id) ?? { up: 0, down: 0 };
    const budget = createByteBudget({
      caps: () => opened.caps,
      reserved: this.#isDamaged ? { up: bytesUp ?? 0, down: bytesDown ?? 0 } : { up, down },
      reserve: (direction, upTo) => this.#reserve(id, notAfter, direction, upTo),
    });
    const meter: ByteMeter = {
      take: (direction, bytes) => {
        const given = budget.take(direction, bytes);
        this.#note(id, budget);
        return given;
      },
    };
    const opened = { budget, meter, caps: capsOf(grant) };
    this.#budgets.set(id, opened);
    this.#note(id, budget);
    return meter;
  }

  #note(id: string, budget: ByteBudget): void {
    if (!budget.isSpent() || this.spent.has(id)) return;
    this.spent.add(id);
    this.onSpent(id);
  }

  #isSpent(grant: Grant): boolean {
    if (!isCapped(grant)) return false;
    const { up, down } = this.#spendings.get(grant.id) ?? { up: 0, down: 0 };
    const isPast = (cap: number | null, bytes: number): boolean => cap !== null && bytes >= cap;
    return this.#isDamaged || isPast(grant.bytesUp, up) || isPast(grant.bytesDown, down);
  }

  // Not forced to disk: what was written outlives the process, which is what can be killed from outside.
  #reserve(id: string, untilMs: number, direction: Direction, upTo: number): boolean {
    const before = this.#spendings.get(id) ?? { up: 0, down: 0, untilMs };
    const after = { ...before, [direction]: upTo };
    if (this.#fd === null) this.rewrite();
    if (this.#fd === null) return false;
    const line = lineOf(id, after);
    try {
      const bytes = Buffer.from(line);
      // A disk that is nearly full takes a part.
      if (writeSync(this.#fd, bytes) !== bytes.length) throw new TypeError('only a part was written');
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
      // What was cut must not swallow the next line: the file is written anew first.
      this.close();
      return false;
    }
    this.#failure = null;
    this.#spendings.set(id, after);
    this.#bytes += line.length;
    if (this.#bytes > maxFileBytes) this.rewrite();
    return true;
  }

  #fail(error: NodeJS.ErrnoException): void {
    const failure = `budgets \`${this.#path}\` cannot be written (${error.code ?? 'unknown'}), capped grants carry nothing more: free the disk`;
    if (this.#failure === null) this.#logger.error(failure);
    this.#failure = failure;
  }
}

type Caps = ByteBudgetParts['caps'] extends () => infer C ? C : never;

function capsOf({ bytesUp, bytesDown }: Grant): Caps {
  return { up: bytesUp, down: bytesDown };
}

function isCapped({ bytesUp, bytesDown }: Grant): boolean {
  return bytesUp !== null || bytesDown !== null;
}

function lineOf(id: string, { up, down, untilMs }: Spending): string {
  return `${JSON.stringify({ id, up, down, untilMs })}\n`;
}

function readBook(path: string): { readonly spendings: ReadonlyMap<string, Spending>; readonly isDamaged: boolean } {
  const spendings = new Map<string, Spending>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { spendings, isDamaged: (error as NodeJS.ErrnoException).code !== 'ENOENT' };
  }
  const lines = text.split('\n');
  // A last line without its end was cut by a kill: nothing was given out for it yet.
  lines.pop();
  for (const line of lines) {
    const read = line === '' ? null : readLine(line);
    if (read === 'damaged') return { spendings, isDamaged: true };
    if (read === null) continue;
    const before = spendings.get(read.id);
    // Spending only rises.
    const up = Math.max(before?.up ?? 0, read.up);
    spendings.set(read.id, { up, down: Math.max(before?.down ?? 0, read.down), untilMs: read.untilMs });
  }
  return { spendings, isDamaged: false };
}

function readLine(line: string): (Spending & { readonly id: string }) | 'damaged' {
  try {
    const { id, up, down, untilMs } = JSON.parse(line) as Record<string, unknown>;
    const isWhole = typeof id === 'string' && [up, down, untilMs].every((each) => Number.isSafeInteger(each));
    return isWhole ? { id, up: up as number, down: down as number, untilMs: untilMs as number } : 'damaged';
  } catch {
    return 'damaged';
  }
}
