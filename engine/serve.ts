/** Where clients reach the engine: plain HTTP on loopback, the same over TLS, and the kubeconfig that names it. */
import { writeFileDurably } from '../machine/files.ts'
import type { DataFolder } from './data.ts'
import { bundleOf } from './fleet/issuer.ts'
import type { Trust } from './fleet/trust.ts'
import { kubeconfig } from './server/kubeconfig.ts'
import type { Server } from './server/server.ts'

export interface ServeOptions {
  readonly data: DataFolder
  readonly port: number
  readonly tlsPort: number
  /** Where the TLS port listens. */
  readonly listen: string
  readonly trust: Trust
  /** The kubeconfig could not be written. */
  onError(error: unknown): void
}

/** Resolves to the URL for clients on this machine. Follows the engine's certificate as it is renewed. */
export async function serve(server: Server, options: ServeOptions): Promise<string> {
  const { data, listen, trust } = options
  const plain = await server.listen({ host: '127.0.0.1', port: options.port })
  const secure = await server.listenTls({ host: listen, port: options.tlsPort, ...pair(trust) })
  const writeConfig = (): Promise<void> => {
    const config = kubeconfig({
      cluster: data.identity.clusterName,
      server: `https://${listen === '0.0.0.0' || listen === '::' ? '127.0.0.1' : listen}:${secure.port}`,
      caPem: bundleOf(trust),
      token: data.token,
    })
    return writeFileDurably(data.file('kubeconfig'), config, { mode: 0o600 })
  }
  await writeConfig()
  let writing = Promise.resolve()
  trust.onChange(() => {
    server.renewTls(pair(trust))
    writing = writing.then(writeConfig).catch(options.onError)
  })
  return `http://127.0.0.1:${plain.port}`
}

function pair({ server: { key, certificate } }: Trust): { key: string; cert: string } {
  return { key, cert: certificate }
}

/** What follows `base` (`/git/<cluster>.git`) in a request's URL, without the query; another path as it is. */
export function pathBelow(base: string, url: string | undefined): string {
  const path = (url ?? '').split('?', 1)[0] ?? ''
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path
}
