import { readFileSync } from 'node:fs'
import { array, assert, constantFrom, nat, oneof, property, record, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { answerOpening } from './answer.ts'
import { readEncrypted } from './file.ts'
import type { Format } from './format.ts'
import { testIdentities } from './sealed.fixture.ts'

const vectors = [
  { name: 'types.sops.yaml', format: 'yaml' },
  { name: 'secret.sops.yaml', format: 'yaml' },
  { name: 'types.sops.json', format: 'json' },
  { name: 'lines.sops.env', format: 'dotenv' },
  { name: 'bytes.sops.bin', format: 'binary' },
] satisfies readonly { name: string; format: Format }[]

test.each(vectors)(
  '$name with anything in it: opened, or refused in words that tell no value',
  async ({ name, format }) => {
    const bytes = readFileSync(new URL(`vectors/${name}`, import.meta.url))
    const file = readEncrypted(bytes, format)
    const dataKey = file && (await (await testIdentities()).unlock(file.metadata))
    if (!(dataKey instanceof Uint8Array)) throw new Error('not opened')
    const key = Buffer.from(dataKey).toString('base64')
    const edit = record({
      at: nat(bytes.length - 1),
      taken: nat(40),
      put: oneof(
        uint8Array({ maxLength: 4 }),
        constantFrom('\n', ' ', ':', '{', '- ', '*a', '&a ', 'sops', '"', '\t').map(text => Buffer.from(text)),
      ),
    })
    assert(
      property(array(edit, { minLength: 1, maxLength: 3 }), edits => {
        const changed = edits.reduce<Buffer>(
          (before, { at, taken, put }) => Buffer.concat([before.subarray(0, at), put, before.subarray(at + taken)]),
          bytes,
        )
        const answer = answerOpening(changed, { format, key })
        if (answer.kind === 'problem') expect(answer.problem.message).not.toMatch(/hunter2|hello|a=b/)
      }),
      { numRuns: 300 },
    )
  },
)
