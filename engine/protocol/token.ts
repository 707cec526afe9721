/**
 * A join token, as `gantry token create` prints it and `gantry agent --token` takes it:
 * `gantry.<id>.<secret>.<pin>`, a pin for each CA that the engine's certificate may lead to.
 */
export interface JoinToken {
  /** Names the token; no secret. */
  readonly id: string
  readonly secret: string
  /** SHA-256 of a CA's public key (its SubjectPublicKeyInfo), in hex, as kubeadm pins it. */
  readonly pins: readonly string[]
}

export const tokenIdLength = 8
export const tokenSecretLength = 32

const pattern = new RegExp(
  `^gantry\\.([a-z0-9]{${tokenIdLength}})\\.([a-z0-9]{${tokenSecretLength}})((?:\\.[0-9a-f]{64})+)$`,
)

export function formatToken({ id, secret, pins }: JoinToken): string {
  return ['gantry', id, secret, ...pins].join('.')
}

/** Undefined where `text` is no token. */
export function parseToken(text: string): JoinToken | undefined {
  const [, id, secret, pins] = pattern.exec(text.trim()) ?? []
  if (id === undefined || secret === undefined || pins === undefined) return undefined
  return { id, secret, pins: pins.slice(1).split('.') }
}
