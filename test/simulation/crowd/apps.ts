import { setDefaults } from '../../../engine/api/defaults/defaults.ts'
import { type Manifest, sourceAnnotation } from '../../../engine/api/manifest.ts'
import { defaultSettings } from '../../../engine/api/settings.ts'
import type { KubeObject } from '../../../engine/api/types.ts'
import type { Event } from '../../../engine/core/event.ts'

export interface AppsOptions {
  readonly deployments: number
  readonly replicas: number
  /** One of so many has a Service. */
  readonly servedOf: number
  readonly namespaces: number
}

/** What a branch asks for; an edit replaces the manifest that it changes and no other, as rendering does. */
export class Apps {
  readonly #options: AppsOptions
  #manifests: readonly Manifest[]
  #commits = 0

  constructor(options: AppsOptions) {
    this.#options = options
    this.#manifests = Array.from({ length: options.deployments }, (_, index) => [
      this.#deployment(index, 'good:1'),
      ...(index % options.servedOf === 0 ? [this.#service(index)] : []),
    ]).flat()
  }

  /** The newest commit. */
  revision(): Event {
    const commit = String(++this.#commits).padStart(40, '0')
    const revision = { commit, tree: commit, subject: commit, author: 'a person', committedAt: 0 }
    return { kind: 'revision', revision, manifests: this.#manifests, settings: defaultSettings, problems: [] }
  }

  /** Another image for one Deployment. */
  edit(index: number, image: string): void {
    const edited = this.#deployment(index, image)
    this.#manifests = this.#manifests.map(manifest => (manifest.origin.file === edited.origin.file ? edited : manifest))
  }

  keyOf(index: number): string {
    return `${this.#namespaceOf(index)}/app-${index}`
  }

  #namespaceOf(index: number): string {
    return `team-${index % this.#options.namespaces}`
  }

  #deployment(index: number, image: string): Manifest {
    const labels = { app: `app-${index}` }
    const container = {
      name: 'main',
      image,
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [{ name: 'APP', value: `app-${index}` }],
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
    }
    const template = { metadata: { labels }, spec: { containers: [container] } }
    return this.#manifest('Deployment', 'apps/v1', {
      index,
      spec: { replicas: this.#options.replicas, selector: { matchLabels: labels }, template },
    })
  }

  #service(index: number): Manifest {
    const spec = { selector: { app: `app-${index}` }, ports: [{ port: 80, targetPort: 'http' }] }
    return this.#manifest('Service', 'v1', { index, spec })
  }

  #manifest(kind: string, apiVersion: string, { index, spec }: { index: number; spec: unknown }): Manifest {
    const [name, namespace] = [`app-${index}`, this.#namespaceOf(index)]
    const file = `${namespace}/${name}-${kind.toLowerCase()}.yaml`
    const metadata = { name, namespace, annotations: { [sourceAnnotation]: `${file}:1` } }
    const object = setDefaults(kind, { apiVersion, kind, metadata, spec }) as KubeObject
    return { object, origin: { file, line: 1, column: 1 } }
  }
}
