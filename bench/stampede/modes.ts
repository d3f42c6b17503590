// How the replicas stand to each other.
export interface Mode {
  readonly title: string
  readonly shared: boolean
  readonly leases: boolean
  /** The metric that grows in a round when the shared cache is used as it will be. */
  readonly warm: RegExp | undefined
}

const BROUGHT = /^ovate_shared_reads_total\{outcome="hit"\} (\d+)$/gm
const STORED = /^ovate_shared_writes_total\{outcome="(?:stored|older)"\} (\d+)$/gm

export const WITH: Mode = { title: 'leases', shared: true, leases: true, warm: BROUGHT }
export const SHARED: Mode = { title: 'shared cache only', shared: true, leases: false, warm: STORED }
export const WITHOUT: Mode = { title: 'each for itself', shared: false, leases: false, warm: undefined }

export const MODES: readonly Mode[] = [WITH, SHARED, WITHOUT]
