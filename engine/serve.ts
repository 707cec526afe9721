/** Where clients reach the engine: plain HTTP on loopback, the same over TLS, and the kubeconfig that names it. */
import { writeFileDurably } from '../machine/files.ts'
import type { DataFolder } from './data.ts'
import { loadAuthority } from './fleet/authority.ts'
import { kubeconfig } from './server/kubeconfig.ts'
import type { Server } from './server/server.ts'

export interface ServeOptions {
  readonly data: DataFolder
  readonly port: number
  readonly tlsPort: number
  /** Where the TLS port listens. */
  readonly listen: string
  readonly nodeName: string
}

/** Resolves to the URL for clients on this machine. */
export async function serve(server: Server, options: ServeOptions): Promise<string> {
  const { data, listen } = options
  const authority = await loadAuthority(data.keys, Date.now())
  const names = new Set(['127.0.0.1', 'localhost', options.nodeName, listen])
  const { key, certificate: cert } = await authority.issueServer([...names], Date.now())
  const plain = await server.listen({ host: '127.0.0.1', port: options.port })
  const secure = await server.listenTls({ host: listen, port: options.tlsPort, key, cert })
  const config = kubeconfig({
    cluster: data.identity.clusterName,
    server: `https://${listen === '0.0.0.0' || listen === '::' ? '127.0.0.1' : listen}:${secure.port}`,
    caPem: authority.certificate,
    token: data.token,
  })
  await writeFileDurably(data.file('kubeconfig'), config, { mode: 0o600 })
  return `http://127.0.0.1:${plain.port}`
}

/** What follows `base` (`/git/<cluster>.git`) in a request's URL, without the query; another path as it is. */
export function pathBelow(base: string, url: string | undefined): string {
  const path = (url ?? '').split('?', 1)[0] ?? ''
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path
}
