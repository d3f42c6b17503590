import { type Clock } from '../../clock.ts'
import { type Store } from '../store.ts'
export class Derivations {
  constructor(_options: { clock: Clock; cache: Store }) {}
  readonly held = (): void => undefined
  derive(): boolean {
    return false
  }
}
