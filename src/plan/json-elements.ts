// The elements of a JSON array as the texts that they came in: a number never becomes another one.

/** The texts of the elements, without the white space round them; the text is one that a JSON reader has passed. */
export function jsonElements(array: string): readonly string[] {
  const elements: string[] = []
  const end = array.lastIndexOf(']')
  let [depth, inString, from] = [0, false, array.indexOf('[') + 1]
  for (let at = from; at < end; at += 1) {
    const letter = array[at] ?? ''
    if (inString) {
      if (letter === '\\') at += 1
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === '[' || letter === '{') depth += 1
    else if (letter === ']' || letter === '}') depth -= 1
    else if (letter === ',' && depth === 0) {
      elements.push(array.slice(from, at).trim())
      from = at + 1
    }
  }
  const last = array.slice(from, end).trim()
  return last === '' ? elements : [...elements, last]
}
