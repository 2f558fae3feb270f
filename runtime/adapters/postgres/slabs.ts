/** A buffer for many short-lived arrays, written one after the other. */
export interface Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Offset of the first byte that is not in use. */
  free: number;
  /** Number of leases that hold it. */
  leases: number;
  isRetired: boolean;
}

const SLAB_BYTES = 4 << 20;
const SPARE_MAX = 4;
// Memory outside its heap makes V8 collect garbage early, and so promote objects that would be garbage soon. So slabs
// are used again: without that a turn takes a tenth more CPU time (docs/performance.md).
const spare: Slab[] = [];

/** @returns an empty slab of at least `bytesMin` bytes */
export function takeSlab(bytesMin: number): Slab {
  const known = bytesMin <= SLAB_BYTES ? spare.pop() : undefined;
  if (known !== undefined) return known;
  const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytesMin));
  return { bytes, view: new DataView(bytes.buffer), free: 0, leases: 0, isRetired: false };
}

/** Call when nothing more will be written to the slab: it is used again once no lease holds it. */
export function retireSlab(slab: Slab): void {
  slab.isRetired = true;
  if (slab.leases === 0) clear(slab);
}

/** Keeps slabs from being used again until it is released. A lease that is never released only costs memory. */
export class SlabLease {
  readonly #slabs: Slab[] = [];

  hold(slab: Slab): void {
    if (this.#slabs.at(-1) === slab) return;
    this.#slabs.push(slab);
    slab.leases++;
  }

  release(): void {
    for (const slab of this.#slabs.splice(0)) if (--slab.leases === 0) clear(slab);
  }
}

function clear(slab: Slab): void {
  slab.free = 0;
  if (!slab.isRetired || slab.bytes.length > SLAB_BYTES || spare.length >= SPARE_MAX) return;
  slab.isRetired = false;
  spare.push(slab);
}
