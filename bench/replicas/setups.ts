// How many replicas there are, and whether they share a cache.
export interface Setup {
  readonly replicas: number
  readonly shared: boolean
}

export const SETUPS: readonly Setup[] = [false, true].flatMap((shared) =>
  [1, 2, 3].map((replicas) => ({ replicas, shared })),
)

export function titleOf({ replicas, shared }: Setup): string {
  return `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, ${shared ? 'shared' : 'own'}`
}
