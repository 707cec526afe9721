import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'
import { Registry } from 'prom-client'
import type { KubeObject, Pod } from '../api/types.ts'
import { refOf } from '../api/reference.ts'
import type { ObjectChange } from '../cluster/view.ts'
import type { FleetControls } from './fleet-api.ts'
import type { ServerOptions } from './server.ts'
import { createServer } from './server.ts'
import type { Store } from './store.ts'
import { createStore } from './store.ts'

export const token = 'a-token-for-tests'

/** A server over a store of its own, as tests drive it. */
export interface ServerFixture {
  readonly store: Store
  readonly url: string
  readonly tls: { readonly url: string; readonly caPem: string }
  /** Creates or replaces objects, as the engine publishes them. */
  put(...objects: readonly KubeObject[]): void
  remove(object: KubeObject): void
  /** Asks with the token. */
  get(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

export interface FixtureOptions extends Partial<ServerOptions> {
  readonly watchBuffer?: number
  /** Where the store starts, as after a restart. */
  readonly resourceVersion?: number
  /** The TLS port and certificate of a server that went before. */
  readonly tlsPort?: number
  readonly certificate?: { key: string; cert: string }
}

/** Nobody asks for tokens, CAs and nodes' certificates in the test. */
export const unaskedFleet: FleetControls = {
  createToken: () => Promise.reject(new Error('not asked in this test')),
  tokens: () => [],
  revokeToken: () => Promise.resolve(false),
  authorities: () => [],
  rotateAuthority: () => Promise.reject(new Error('not asked in this test')),
  revokeNode: () => Promise.reject(new Error('not asked in this test')),
  removeNode: () => Promise.reject(new Error('not asked in this test')),
}

export async function startServer(overrides: FixtureOptions = {}): Promise<ServerFixture> {
  const store = createStore(overrides.watchBuffer === undefined ? {} : { watchBuffer: overrides.watchBuffer })
  const start = overrides.resourceVersion ?? 100
  store.restore([], { resourceVersion: start, oldestWatchable: start })
  const errors: unknown[] = []
  const server = createServer({
    store,
    token,
    version: '0.0.0-test',
    git: async (_, response) => void response.end('git'),
    ready: () => ({ ok: true, checks: [] }),
    measure: async () => new Map(),
    openStream: async (_, request) => {
      const stream = new PassThrough()
      if (request.kind === 'logs') stream.end(`line 1 of ${request.container}\nline 2\n`)
      return stream
    },
    engine: {
      status: () => {
        throw new Error('not asked in this test')
      },
      history: () => Promise.resolve([]),
      changeNode: () => Promise.reject(new Error('not asked')),
      rollback: () => Promise.reject(new Error('not asked in this test')),
      down: () => {},
      fleet: unaskedFleet,
    },
    registry: new Registry(),
    onError: error => errors.push(error),
    ...overrides,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const certificate = overrides.certificate ?? (await selfSigned())
  const tls = await server.listenTls({ host: '127.0.0.1', port: overrides.tlsPort ?? 0, ...certificate })
  const url = `http://127.0.0.1:${port}`

  function publish(object: KubeObject, isGone: boolean): void {
    const ref = refOf(object)
    const before = store.get(ref.kind, ref.key)
    const resourceVersion = store.resourceVersion + 1
    const metadata = { uid: `uid-of-${ref.key}`, ...object.metadata, resourceVersion: String(resourceVersion) }
    const change: ObjectChange = {
      ref,
      resourceVersion,
      decided: true,
      ...(before === undefined ? {} : { before }),
      ...(isGone ? {} : { after: { ...object, metadata } }),
    }
    store.publish([change])
  }

  return {
    store,
    url,
    tls: { url: `https://127.0.0.1:${tls.port}`, caPem: certificate.cert },
    put: (...objects) => objects.forEach(object => publish(object, false)),
    remove: object => publish(object, true),
    get: (path, init = {}) =>
      fetch(url + path, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers } }),
    async close() {
      await server.close()
      if (errors.length > 0) throw new AggregateError(errors, 'the server failed by its own fault')
    },
  }
}

/** A certificate for 127.0.0.1 that is its own CA. */
export async function selfSigned(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=gantry test',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    cert: certificate.toString('pem'),
  }
}

/** A running pod of one container. */
export function examplePod(
  name: string,
  overrides: { namespace?: string; labels?: Record<string, string>; node?: string } = {},
): Pod {
  const { namespace = 'default', labels = { app: 'web' }, node = 'node-1' } = overrides
  const startedAt = new Date(Date.now() - 90_000).toISOString().replace(/\.\d+/, '')
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, creationTimestamp: startedAt },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'example/web:1',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 8080, protocol: 'TCP' }],
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeName: node,
    },
    status: {
      phase: 'Running',
      podIP: '10.244.0.7',
      podIPs: [{ ip: '10.244.0.7' }],
      hostIP: '192.0.2.1',
      startTime: startedAt,
      qosClass: 'BestEffort',
      conditions: [
        { type: 'Initialized', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
      containerStatuses: [
        {
          name: 'web',
          image: 'example/web:1',
          imageID: 'sha256:1',
          containerID: 'docker://1',
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt } },
        },
      ],
    },
  }
}
