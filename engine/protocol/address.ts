/** Where an engine listens for agents: `HOST:7421`, `[fd00::1]:7421`, or the host alone. */
export interface EngineAddress {
  readonly host: string
  readonly port: number
}

export const defaultEnginePort = 7421

/** @throws Error that names the flag, quotes the text and says what to write */
export function parseEngineAddress(text: string, flag: '--join' | '--agents-listen'): EngineAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? defaultEnginePort : Number(digits)
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port }
  throw new Error(`${flag} must be an address, not ${JSON.stringify(text)}; write HOST:${defaultEnginePort}`)
}

export function formatEngineAddress({ host, port }: EngineAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
