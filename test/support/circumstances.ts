import { type Circumstances } from '../../src/plan/decide.ts'

/** Every datasource is accelerated, none is shared. */
export const PLAIN: Omit<Circumstances, 'identity'> = {
  rules: {
    accelerated: () => true,
    shared: () => false,
    allows: () => true,
    service: () => undefined,
    stamp: () => '',
  },
  knowsSet: false,
  knowsService: () => false,
  wantsCsv: false,
}
