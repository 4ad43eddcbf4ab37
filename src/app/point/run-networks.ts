import { type Clock, ExeatError, type Result } from '../../base/index.ts';
import type { IpPrefix } from '../../destination/index.ts';
import { type RunAddress, type RunLink, runMacs } from '../../gateway/index.ts';
import type { CompiledPolicy } from '../../policy/index.ts';
import type { Logger } from '../logger.ts';
import type { GatewayDesk } from './gateway-desk.ts';
import type { LeaseDesk } from './leases/lease-desk.ts';
import { findTakenRange, fullRange, runAddresses, runCapacity } from './run-addresses.ts';
import type { RunNamespace } from './run-door.ts';
import { runLeaseMs, runSource, takesRunLeases } from './run-takers.ts';

/** The link that a run leads out by, for its launcher. `mac` is the gateway's end. */
export interface RunNetworkAnswer {
  readonly device: string;
  readonly mac: string;
  readonly addresses: readonly RunAddress[];
}

/** A run behind the gateway. */
export interface RunNetwork {
  readonly answer: RunNetworkAnswer;
  /** Its addresses as text. */
  readonly addresses: readonly string[];
  /** Takes its addresses away: from here on nothing goes out. What it is called again gives the same. */
  cut(): Promise<void>;
  /** Cuts it, writes down what the kernel counted of it, and takes its link away. */
  end(): Promise<void>;
}

/** The runs behind the gateway. */
export interface RunNetworks {
  /** Null: the service takes no leases of runs. Throws an ExeatError with one line where it does and there is no place, or no link. */
  open(run: { readonly service: string; readonly namespace: RunNamespace }): Promise<RunNetwork | null>;
  close(): void;
}

/** What they work with. */
export interface RunNetworkParts {
  /** Those that this machine can have now. */
  readonly ranges: () => readonly IpPrefix[];
  /** Where the helper takes namespaces. */
  readonly linkSocket: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policy: () => CompiledPolicy | null;
  readonly leases: Pick<LeaseDesk, 'hold' | 'end'>;
  readonly gateway: Pick<GatewayDesk, 'keepRuns' | 'count' | 'endSources'>;
}

const device = 'eth0';
const renewEveryMs = 15_000;
// What was not confirmed is tried again; until then nobody else gets the address.
const retryMs = 1_000;

/** Makes them; nothing is done yet. */
export function createRunNetworks(parts: RunNetworkParts): RunNetworks {
  return new Networks(parts);
}

class Networks implements RunNetworks {
  readonly #parts: RunNetworkParts;
  readonly #taken = new Set<number>();
  /** Where the search begins: an address that was somebody's is the last that is given again. */
  #next = 0;
  readonly #retries = new Set<NodeJS.Timeout>();

  constructor(parts: RunNetworkParts) {
    this.#parts = parts;
  }

  async open({ service, namespace }: Parameters<RunNetworks['open']>[0]): Promise<RunNetwork | null> {
    const ranges = this.#parts.ranges();
    const index = this.#free(runCapacity(ranges));
    // Asked by an address of runs, whichever: an identity may say which ones.
    const asked = runAddresses(ranges, index ?? 0);
    const { clock, policy } = this.#parts;
    if (!takesRunLeases(policy(), service, { addresses: asked, now: clock.now() })) return null;
    if (index === null) throw new ExeatError('run_limit', fullRange(this.#taken.size));
    const taken = findTakenRange(ranges);
    if (taken !== null) throw new ExeatError('run_range_taken', taken);
    this.#taken.add(index);
    this.#next = index + 1;
    const link = { index, addresses: asked };
    try {
      const linked = await this.#link(link, namespace);
      if (!linked.ok) throw new ExeatError(linked.fault.code, linked.fault.message);
      for (const { address } of asked) await this.#hold(service, link, address);
    } catch (error) {
      await this.#release(link);
      throw error;
    }
    return this.#serve(service, link);
  }

  close(): void {
    for (const timer of this.#retries) clearTimeout(timer);
  }

  #free(room: number): number | null {
    const all = Array.from({ length: room }, (_, at) => (this.#next + at) % room);
    return all.find((index) => !this.#taken.has(index)) ?? null;
  }

  async #link(link: RunLink, namespace: RunNamespace): Promise<Result<unknown>> {
    // Said first: whoever tells the helper what is to be there meanwhile tells of this one too.
    await this.#parts.gateway.keepRuns([...this.#taken]);
    return namespace.handTo(this.#parts.linkSocket, JSON.stringify(link));
  }

  async #hold(service: string, { index }: RunLink, address: string): Promise<void> {
    const now = this.#parts.clock.now();
    const mac = runMacs(index).run;
    const lease = { source: runSource, address, service, from: now, until: now + runLeaseMs, mac };
    const held = await this.#parts.leases.hold(lease);
    if (!held.ok) throw new ExeatError(held.fault.code, held.fault.message);
  }

  #serve(service: string, link: RunLink): RunNetwork {
    const addresses = link.addresses.map(({ address }) => address);
    const renewing = setInterval(() => void this.#renew(service, link), renewEveryMs);
    renewing.unref();
    let cutting: Promise<void> | null = null;
    const cut = (): Promise<void> => {
      clearInterval(renewing);
      cutting ??= this.#cut(link).then(() => undefined);
      return cutting;
    };
    return {
      answer: { device, mac: runMacs(link.index).gateway, addresses: link.addresses },
      addresses,
      cut,
      end: async () => {
        // Before what names its flows is taken back.
        await this.#parts.gateway.count();
        await cut();
        await this.#parts.gateway.endSources(addresses);
        await this.#release(link);
      },
    };
  }

  async #renew(service: string, link: RunLink): Promise<void> {
    for (const { address } of link.addresses) {
      const now = this.#parts.clock.now();
      const { from, until } = { from: now, until: now + runLeaseMs };
      const mac = runMacs(link.index).run;
      const renewed = await this.#parts.leases.hold({ source: runSource, address, service, from, until, mac });
      // Tried again with the next one; what is not renewed ends.
      if (!renewed.ok) this.#parts.logger.warn('the lease of a run was not renewed', { cause: renewed.fault.message });
    }
  }

  /** True once nobody has the addresses any more. */
  async #cut({ addresses }: RunLink): Promise<boolean> {
    const ended = await Promise.all(addresses.map(({ address }) => this.#parts.leases.end(runSource, address)));
    return ended.every((one) => one);
  }

  /** Gives the addresses free, once the kernel has said that they are nobody's and lead nowhere; tried until then. */
  async #release(link: RunLink): Promise<void> {
    const others = [...this.#taken].filter((index) => index !== link.index);
    const isOver = (await this.#cut(link)) && (await this.#parts.gateway.keepRuns(others));
    if (isOver) {
      this.#taken.delete(link.index);
      return;
    }
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      void this.#release(link);
    }, retryMs);
    timer.unref();
    this.#retries.add(timer);
  }
}
