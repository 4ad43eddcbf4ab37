import { addTo, type GrowingSum, startSum } from './heaviest.ts';
import { createEnds } from './name-ends.ts';
import type { RiverFacts, RiverQuery, RiverRule, RiverSum } from './river.ts';
import type { TrafficRow } from './traffic-edge.ts';

/**
 * A column before it is known what of it is drawn. Its names have numbers, so that thousands of rows are joined by numbers and not by texts
 * that are put together for each.
 */
export interface NumberedColumn {
  /** The names, by number. */
  readonly labels: readonly string[];
  /** What flows through them, by number. */
  readonly sums: readonly RiverSum[];
  /** How many of them rows brought: those from there on are led to by nothing but entries that nothing used. */
  readonly used: number;
  /** The number of each row's name. */
  readonly ofRow: Int32Array;
}

/** The four columns, with the ends of each ghost: who, service, and destination. */
export interface NumberedRows {
  readonly columns: readonly NumberedColumn[];
  readonly ghosts: readonly GhostEnds[];
}

/** Where an entry that nothing used leads from and to, as numbers of the columns of services and destinations. */
export interface GhostEnds {
  readonly rule: RiverRule;
  readonly service: number;
  readonly to: number;
}

/** Numbers what the columns call rows and ghosts, and adds up what flows through each name. */
export function numberColumns(
  rows: readonly TrafficRow[],
  ghosts: readonly RiverRule[],
  facts: RiverFacts,
  query: Pick<RiverQuery, 'from' | 'to'>,
): NumberedRows {
  const ends = createEnds(facts, query);
  const columns = Array.from({ length: 4 }, () => new GrowingColumn(rows.length));
  for (const [at, row] of rows.entries()) {
    const labels = ends.ofRow(row);
    for (let layer = 0; layer < 4; layer += 1) columns[layer]?.count(at, labels[layer] ?? '', row);
  }
  for (const column of columns) column.used = column.labels.length;
  return {
    columns,
    ghosts: ghosts.map((rule) => {
      const { group, service, to } = ends.ofRule(rule);
      if (group !== null) columns[0]?.numberOf(group);
      return { rule, service: columns[1]?.numberOf(service) ?? 0, to: columns[3]?.numberOf(to) ?? 0 };
    }),
  };
}

class GrowingColumn implements NumberedColumn {
  readonly labels: string[] = [];
  readonly sums: GrowingSum[] = [];
  used = 0;
  readonly ofRow: Int32Array;
  readonly #numbers = new Map<string, number>();

  constructor(rows: number) {
    this.ofRow = new Int32Array(rows);
  }

  numberOf(label: string): number {
    const known = this.#numbers.get(label);
    if (known !== undefined) return known;
    const number = this.labels.length;
    this.#numbers.set(label, number);
    this.labels.push(label);
    this.sums.push(startSum());
    return number;
  }

  count(at: number, label: string, row: TrafficRow): void {
    const number = this.numberOf(label);
    this.ofRow[at] = number;
    const sum = this.sums[number];
    if (sum !== undefined) addTo(sum, row);
  }
}
