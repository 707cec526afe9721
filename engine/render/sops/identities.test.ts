import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { Identities, sealDataKey } from './identities.ts'

test('a file of identities: comments, empty lines and Windows line ends', async () => {
  const made = [await generateX25519Identity(), await generateX25519Identity()]
  const text = `# made today\r\n\r\n${made[0]}\r\n  ${made[1]}`
  const { recipients } = await Identities.read([{ name: 'keys.txt', text }])
  expect([...recipients]).toEqual(await Promise.all(made.map(identityToRecipient)))
})

test.each([
  { name: 'a public key', line: 'age1ha8rrrx9czq5d609d50tspfxkf5myk7njwvrjvdu4supa98qhvjqza4zxm' },
  { name: 'a key that was cut', line: 'AGE-SECRET-KEY-1YGEWL9HTG9860V0WAQ9Y0P07JEE8F448' },
])('$name is refused by its line, without what stands there', async ({ line }) => {
  const read = Identities.read([{ name: 'keys.txt', text: `# one\n${line}\n` }])
  await expect(read).rejects.toThrow(/^line 2 of keys\.txt is no age identity$/)
})

test('what is no recipient is named', async () => {
  await expect(sealDataKey(Buffer.alloc(32), ['age1nobody'])).rejects.toThrow('"age1nobody" is no age recipient')
})
