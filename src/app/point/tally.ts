import { Counter, type Registry } from 'prom-client';

/** Adds to a counter; the values stand in the order of its label names. */
export type Tally = (values: readonly string[], by?: number) => void;

/** What a tally is called, and its labels. */
export interface TallyOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

interface Sum {
  readonly values: readonly string[];
  sum: number;
}

/**
 * Registers a counter whose sums are handed over at a scrape: the library sorts and joins the labels at every addition, which cost
 * more than a decision. Holds as many sums as there are values, so these must be closed sets or bounded.
 */
export function createTally(registry: Registry, { name, help, labelNames }: TallyOptions): Tally {
  const sums = new Map<string, Sum>();
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      for (const { values, sum } of sums.values()) this.inc(labelsOf(labelNames, values), sum);
      sums.clear();
    },
  });
  return (values, by = 1) => {
    const key = values.join('\n');
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { values, sum: by });
    else known.sum += by;
  };
}

function labelsOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
