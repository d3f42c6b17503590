// What a Broker answers at `candidates`, from a short description of segments.

export interface Given {
  readonly interval: string
  readonly version?: string
  readonly partition?: number
  readonly servers?: readonly string[]
}

export function candidatesText(segments: readonly Given[]): string {
  return JSON.stringify(
    segments.map(({ interval, version = 'v1', partition = 0, servers = ['historical'] }) => ({
      interval,
      version,
      partitionNumber: partition,
      size: 1,
      locations: servers.map((type) => ({
        name: 'h:8083',
        host: 'h:8083',
        type,
        tier: '_default_tier',
        priority: 0,
      })),
    })),
  )
}
