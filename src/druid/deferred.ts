// A promise that is settled from outside.

export class Deferred<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void

  constructor() {
    let resolve: ((value: Value) => void) | undefined
    let reject: ((error: unknown) => void) | undefined
    this.promise = new Promise<Value>((onResolve, onReject) => {
      resolve = onResolve
      reject = onReject
    })
    this.resolve = (value) => resolve?.(value)
    this.reject = (error) => reject?.(error)
  }
}
