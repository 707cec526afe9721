import { request } from 'node:http'
import type { Machine } from './machine.ts'

/** Asks an HTTP server from a machine of the lab; rejects unless it answers 200. */
export async function httpGet(
  from: Machine,
  to: { host: string; port: number; path: string; headers?: Readonly<Record<string, string>> },
): Promise<string> {
  const { host, port, path, headers = {} } = to
  const socket = await from.connect(host, port)
  return new Promise((resolve, reject) => {
    const asked = request({ path, headers: { host, ...headers }, createConnection: () => socket }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`GET ${path}: ${response.statusCode} ${text}`))
      })
    })
    asked.once('error', reject)
    asked.end()
  })
}
