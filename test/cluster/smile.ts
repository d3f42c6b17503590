// Just enough of Smile, Jackson's binary JSON, to ask a native query: objects, lists and short ASCII texts.

type Value = string | readonly Value[] | { readonly [name: string]: Value }

// `:)\n`, version 0, and no flag: names and values are not shared (smile-format-specification.md, 1.0.6).
const HEADER = Buffer.of(0x3a, 0x29, 0x0a, 0x00)
const NAME = 0x80
const TINY_TEXT = 0x40
const TINY_MAX = 32
const SMALL_TEXT = 0x60
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0xf8, 0xf9, 0xfa, 0xfb]

/** Names up to 56 letters, texts up to 64, none of them empty. */
export function smile(value: Value): Buffer {
  return Buffer.concat([HEADER, encoded(value)])
}

function encoded(value: Value): Buffer {
  if (typeof value === 'string') return textOf(value)
  if (isList(value)) return framed(LIST, value.map(encoded), LIST_END)
  const members = Object.entries(value).map(([name, inner]) =>
    Buffer.concat([Buffer.of(NAME + name.length - 1), Buffer.from(name, 'ascii'), encoded(inner)]),
  )
  return framed(OBJECT, members, OBJECT_END)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function textOf(text: string): Buffer {
  const head = text.length <= TINY_MAX ? TINY_TEXT + text.length - 1 : SMALL_TEXT + text.length - TINY_MAX - 1
  return Buffer.concat([Buffer.of(head), Buffer.from(text, 'ascii')])
}

function framed(start: number, inner: readonly Buffer[], end: number): Buffer {
  return Buffer.concat([Buffer.of(start), ...inner, Buffer.of(end)])
}
