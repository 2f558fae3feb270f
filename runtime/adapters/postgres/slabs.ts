/** Bytes for many short-lived arrays, one behind the other. */
export interface Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** From here on nothing is written yet. */
  free: number;
  /** How many leases are on it. */
  leases: number;
  isRetired: boolean;
}

const SLAB_BYTES = 4 << 20;
const SPARE_MAX = 4;
// What lies outside of its heap makes V8 collect garbage early, and so promote what would be garbage soon: slabs come
// again.
const spare: Slab[] = [];

/** One on which nothing is written. */
export function takeSlab(bytesMin: number): Slab {
  const known = bytesMin <= SLAB_BYTES ? spare.pop() : undefined;
  if (known !== undefined) return known;
  const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytesMin));
  return { bytes, view: new DataView(bytes.buffer), free: 0, leases: 0, isRetired: false };
}

/** Nothing more will be written on it. */
export function retireSlab(slab: Slab): void {
  slab.isRetired = true;
  if (slab.leases === 0) clear(slab);
}

/** Keeps what is written on slabs as it is. One that is never ended costs memory and nothing else. */
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
