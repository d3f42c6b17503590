// Where the cluster that knows users lies beside the other.

/** No port of one is a port of the other then. */
const BESIDE = 50

/** The offset of the cluster that knows users, by that of the other. */
export function secureOffset(offset: number): number {
  return offset + BESIDE
}
