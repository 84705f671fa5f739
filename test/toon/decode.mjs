// Reads JSON lines {toon, indentSize} and answers each with {value} or {error}.
import { createInterface } from 'node:readline'
import { decode } from '@toon-format/toon'

for await (const line of createInterface({ input: process.stdin })) {
  const { toon, indentSize } = JSON.parse(line)
  let answer
  try {
    answer = { value: decode(toon, { indentSize, strict: true }) }
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
