// Loaded before a program (`--import`), so that its clock is off by CLOCK_OFF_MS; what only counts time is left alone.
const offMs = Number(process.env['CLOCK_OFF_MS'] ?? 0)
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (date, args: readonly unknown[], made) =>
    Reflect.construct(date, args.length === 0 ? [RealDate.now() + offMs] : args, made) as Date,
  apply: () => new Date().toString(),
  get: (date, name, receiver) =>
    name === 'now' ? () => RealDate.now() + offMs : (Reflect.get(date, name, receiver) as unknown),
})
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offMs })
