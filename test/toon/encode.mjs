// Reads JSON lines {json, delimiter, indentSize} and answers each with {toon}
// or {error}.
import { createInterface } from 'node:readline'
import { encode } from '@toon-format/toon'

for await (const line of createInterface({ input: process.stdin })) {
  const { json, delimiter, indentSize } = JSON.parse(line)
  let answer
  try {
    answer = { toon: encode(JSON.parse(json), { delimiter, indentSize }) }
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
