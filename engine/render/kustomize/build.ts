import type { Origin } from '../../api/problem.ts'
import { membersOf } from '../list.ts'
import { finished, withNotes } from './build-metadata.ts'
import {
  defaultConfiguration,
  emptyConfiguration,
  joinConfigurations,
  readConfiguration,
  type Configuration,
} from './configuration.ts'
import { readDocuments } from './document.ts'
import { RenderFailure } from '../failure.ts'
import { NotTraversable } from './field-spec.ts'
import { cloned, fieldOf, isFields, textOf, type Fields } from './fields.ts'
import { generate, type GeneratorOptions } from './generators.ts'
import { fieldsListOf, kustomizationFiles, listOf, readKustomization, type Kustomization } from './kustomization.ts'
import { kubernetesSchemas, schemasOf, type MergeSchemas } from './merge-schema.ts'
import { mendReferences } from './mend-references.ts'
import { appendHashes } from './names.ts'
import { placeAfterChange } from './patched-place.ts'
import { annotationsOf, isEmpty, newResource, type Resource } from './resource.ts'
import { ResourceSet } from './resource-set.ts'
import { sortResources } from './sort.ts'
import { configuredTransformer, transformersOf, type Transformer, type TransformerContext } from './transformers.ts'
import { resourcePath } from '../resource-path.ts'
import { kindOf, type FileUse, type TreeReader } from '../tree.ts'
import { joinVariables, noteVariables, readVariable, substitute, type Variable } from './variables.ts'

/** What a kustomization gives. */
export interface Built {
  readonly resources: readonly Pick<Resource, 'object' | 'origin' | 'place' | 'encrypted'>[]
  /** The folders of bases and components that it is built from. */
  readonly folders: ReadonlySet<string>
  /** What it was built from holds a Secret, whose values a replacement may have put anywhere. */
  readonly secret: boolean
  /** A Component is meant for others alone. */
  readonly isComponent: boolean
}

/** Bases of bases. */
const maxDepth = 50
/** Kustomizations that a build reads, each as often as it is named. */
const maxFolders = 2_000
const maxResources = 50_000

/**
 * Builds the kustomization of a folder as `kubectl kustomize` does. Throws RenderFailure. Where it is traced, the place of a
 * field that a transformer has set is that of the entry which asks for it: patches tell theirs in any case.
 */
export function buildKustomization(tree: TreeReader, folder: string, { traced = false } = {}): Built {
  const build = new Build(tree, { root: folder, traced })
  return { ...build.run(), folders: build.entered, secret: build.secret }
}

/** Resources with the rules that later steps need. */
interface Accumulated {
  readonly set: ResourceSet
  configuration: Configuration
  variables: readonly Variable[]
}

/** A folder on the way from the one that is built. */
interface Layer {
  readonly folder: string
  readonly chain: readonly string[]
  readonly schemas: MergeSchemas
  readonly kustomization: Kustomization
}

class Build {
  readonly #tree: TreeReader
  readonly #root: string
  readonly #traced: boolean
  readonly entered = new Set<string>()
  secret = false
  #folders = 0
  #notes = false

  constructor(tree: TreeReader, { root, traced }: { readonly root: string; readonly traced: boolean }) {
    this.#tree = tree
    this.#root = root
    this.#traced = traced
  }

  run(): Pick<Built, 'resources' | 'isComponent'> {
    const kustomization = this.#read(this.#root, { file: this.#root, line: 0, column: 0 })
    const wanted = listOf(kustomization.fields, 'buildMetadata')
    this.#notes = wanted.length > 0
    const built = emptyAccumulation()
    this.#accumulate(built, { folder: this.#root, chain: [], schemas: kubernetesSchemas, kustomization })
    const { set, configuration, variables } = built
    appendHashes(set.resources)
    const origin = kustomization.place()
    traversing('name references', origin, () => mendReferences(set.resources, configuration.nameReference))
    traversing('variables', origin, () =>
      substitute(set.resources, { variables, fieldSpecs: configuration.varReference }),
    )
    const kept = set.resources.filter(({ object }) => !('config.kubernetes.io/local-config' in annotationsOf(object)))
    this.secret ||= kept.some(({ object }) => textOf(object, 'kind') === 'Secret')
    const resources = sortResources(kept, kustomization).map(resource => ({
      object: finished(resource, wanted),
      origin: resource.origin,
      place: resource.place,
      encrypted: resource.encrypted,
    }))
    return { resources, isComponent: kustomization.isComponent }
  }

  #read(folder: string, origin: Origin): Kustomization {
    const found = kustomizationFiles.flatMap(name => {
      const path = folder === '' ? name : `${folder}/${name}`
      const bytes = this.#tree.kind(path) === 'file' ? this.#tree.read(path) : undefined
      return bytes === undefined ? [] : [{ path, bytes }]
    })
    const [file, second] = found
    if (file === undefined) {
      throw new RenderFailure(`the folder ${folder || '.'} has no kustomization.yaml`, {
        origin,
        remedy: 'add one, or name the files themselves',
      })
    }
    if (second !== undefined) {
      throw new RenderFailure(`${file.path} and ${second.path} are both kustomizations of one folder`, {
        origin: { file: second.path, line: 0, column: 0 },
        remedy: 'remove one of them',
      })
    }
    return readKustomization(file.bytes, file.path)
  }

  #accumulate(into: Accumulated, outer: Layer): void {
    const layer = { ...outer, schemas: this.#schemas(outer) }
    const { kustomization } = layer
    const { fields, place } = kustomization
    for (const [index, path] of listOf(fields, 'resources').entries()) {
      this.#addResource(into, { path: String(path), origin: place('resources', index), layer })
    }
    into.configuration = joinConfigurations(into.configuration, this.#configuration(layer))
    this.#generate(into, layer)
    for (const [index, path] of listOf(fields, 'components').entries()) {
      this.#addComponent(into, { path: String(path), origin: place('components', index), layer })
    }
    this.#transform(into, layer)
    const variables = fieldsListOf(fields, 'vars').map((entry, index) => readVariable(entry, place('vars', index)))
    noteVariables(into.set.resources, variables)
    into.variables = joinVariables(into.variables, variables)
  }

  #schemas({ kustomization, folder, schemas }: Layer): MergeSchemas {
    const path = textOf(fieldOf(kustomization.fields, 'openapi'), 'path')
    if (path === '') return schemas
    const origin = kustomization.place('openapi', 'path')
    const { bytes, file } = this.#file(folder, { path, origin })
    return schemasOf(readDocuments(bytes, { file, lastKeyCounts: true })[0]?.value)
  }

  #configuration({ kustomization, folder }: Layer): Configuration {
    const paths = listOf(kustomization.fields, 'configurations').map(String)
    const own = paths.map((path, index) => {
      const { bytes, file } = this.#file(folder, { path, origin: kustomization.place('configurations', index) })
      return readConfiguration(bytes, file)
    })
    return [...own, defaultConfiguration].reduce(joinConfigurations)
  }

  #addResource(into: Accumulated, { path, origin, layer }: Named): void {
    const at = resourcePath(this.#tree, { folder: layer.folder, path, origin })
    const kind = kindOf(this.#tree, { path: at, origin })
    if (kind === undefined) {
      throw new RenderFailure(`${path} is neither a file nor a folder of this repository`, {
        origin,
        remedy: 'check the path, which begins at this folder',
      })
    }
    if (kind === 'folder') this.#addFolder(into, { path: at, origin, layer })
    else into.set.appendAll(this.#resourcesIn(at, origin))
    if (into.set.resources.length > maxResources) {
      throw new RenderFailure(`the kustomization gives more than ${maxResources} resources`, { origin })
    }
  }

  #addFolder(into: Accumulated, { path, origin, layer }: Named): void {
    const inner = this.#enter({ path, origin, layer })
    if (inner.kustomization.isComponent) {
      throw new RenderFailure(`${path} is a Component`, { origin, remedy: 'list it under components' })
    }
    const built = emptyAccumulation()
    this.#accumulate(built, inner)
    into.set.appendAll(built.set.resources)
    into.configuration = joinConfigurations(into.configuration, built.configuration)
    into.variables = joinVariables(into.variables, built.variables)
  }

  #addComponent(into: Accumulated, { path, origin, layer }: Named): void {
    const at = resourcePath(this.#tree, { folder: layer.folder, path, origin })
    if (kindOf(this.#tree, { path: at, origin }) !== 'folder') {
      throw new RenderFailure(`${path} is no folder of this repository`, { origin, remedy: 'check the path' })
    }
    const inner = this.#enter({ path: at, origin, layer })
    if (!inner.kustomization.isComponent) {
      throw new RenderFailure(`${path} is no Component`, { origin, remedy: 'list it under resources' })
    }
    this.#accumulate(into, inner)
  }

  #enter({ path, origin, layer }: Named): Layer {
    const chain = [...layer.chain, layer.folder]
    const again = chain.indexOf(path)
    if (again >= 0) {
      const circle = [...chain.slice(again), path].map(folder => folder || '.').join(' → ')
      throw new RenderFailure(`the kustomizations refer to each other in a circle: ${circle}`, { origin })
    }
    this.#folders += 1
    this.entered.add(path)
    if (chain.length > maxDepth || this.#folders > maxFolders) {
      const limit =
        chain.length > maxDepth ? `deeper than ${maxDepth} levels` : `more than ${maxFolders} kustomizations`
      throw new RenderFailure(`the kustomizations name each other ${limit}`, { origin, remedy: 'build from fewer' })
    }
    return { folder: path, chain, schemas: layer.schemas, kustomization: this.#read(path, origin) }
  }

  #resourcesIn(file: string, origin: Origin): Resource[] {
    const bytes = this.#tree.read(file, 'manifests')
    if (bytes === undefined) throw new RenderFailure(`${file} cannot be read`, { origin })
    const encrypted = this.#tree.isOpened(file) ? 'all' : 'none'
    return this.#objects(bytes, { file }).map(resource => ({
      ...resource,
      encrypted,
      ...this.#note({ path: this.#relative(file) }),
    }))
  }

  #objects(source: Uint8Array | string, { file, inside }: { file: string; inside?: Origin }): Resource[] {
    return readDocuments(source, { file, ...(inside === undefined ? {} : { inside }) }).flatMap(document =>
      membersOf(document.value).map(member => {
        const place = document.place(member.path)
        const { value } = member
        if (!isFields(value) || textOf(value, 'kind') === '') {
          throw new RenderFailure('a resource must be a mapping with apiVersion and kind', { origin: place })
        }
        if (textOf(fieldOf(value, 'metadata'), 'name') === '') {
          throw new RenderFailure(`the ${textOf(value, 'kind')} has no metadata.name`, {
            origin: place,
            remedy: 'name it',
          })
        }
        this.secret ||= textOf(value, 'kind') === 'Secret'
        return newResource(value, place, (path, target) => document.place([...member.path, ...path], target))
      }),
    )
  }

  #generate(into: Accumulated, layer: Layer): void {
    const { kustomization } = layer
    const { fields, place, file } = kustomization
    const common = fieldOf(fields, 'generatorOptions')
    for (const [name, kind] of [
      ['configMapGenerator', 'ConfigMap'],
      ['secretGenerator', 'Secret'],
    ] as const) {
      for (const [index, entry] of fieldsListOf(fields, name).entries()) {
        const origin = place(name, index)
        const made = this.#generated(entry, { kind, common, origin, folder: layer.folder })
        const configuredBy = { apiVersion: 'builtin', kind: `${kind}Generator` }
        into.set.absorb({ ...made, ...this.#note({ configuredIn: this.#relative(file), configuredBy }) })
      }
    }
    for (const { object, origin, note } of this.#plugins('generators', layer)) {
      const kind = textOf(object, 'kind')
      if (kind !== 'ConfigMapGenerator' && kind !== 'SecretGenerator') {
        throw new RenderFailure(`the generator ${kind} is not one of Kustomize's own`, {
          origin,
          remedy: 'list what it generates under resources: no program of a repository is run while rendering',
        })
      }
      const metadata = fieldOf(object, 'metadata')
      const entry = { name: textOf(metadata, 'name'), namespace: textOf(metadata, 'namespace'), ...object }
      const made = this.#generated(entry, {
        kind: kind === 'SecretGenerator' ? 'Secret' : 'ConfigMap',
        common: undefined,
        origin,
        folder: layer.folder,
      })
      into.set.absorb({ ...made, note })
    }
  }

  /** What a generator makes, and how much of what it is made from is encrypted. */
  #generated(
    entry: Fields,
    { folder, ...options }: Omit<GeneratorOptions, 'read'> & { readonly folder: string },
  ): Resource {
    const { kind, origin } = options
    this.secret ||= kind === 'Secret'
    const sources = { plain: listOf(entry, 'literals').length, encrypted: 0 }
    const read = (path: string): Uint8Array => {
      const { bytes, file } = this.#file(folder, { path, origin, use: kind === 'Secret' ? 'secret' : undefined })
      sources[this.#tree.isOpened(file) ? 'encrypted' : 'plain'] += 1
      return bytes
    }
    const made = generate(entry, { ...options, read })
    const mixed = sources.plain === 0 ? 'all' : 'some'
    return { ...made, encrypted: sources.encrypted === 0 ? 'none' : mixed }
  }

  /** The objects that configure generators or transformers: written in place, in a file, or built by a kustomization. */
  #plugins(name: 'generators' | 'transformers', layer: Layer): Resource[] {
    const { fields, place, file } = layer.kustomization
    const configured = (path: string, { object, ...resource }: Resource): Resource => {
      const { apiVersion, kind, metadata } = object
      return {
        ...resource,
        object,
        ...this.#note({ configuredIn: path, configuredBy: { apiVersion, kind, name: textOf(metadata, 'name') } }),
      }
    }
    return listOf(fields, name).flatMap((entry, index) => {
      const text = String(entry)
      const origin = place(name, index)
      if (text.includes('\n')) {
        return this.#objects(text, { file, inside: origin }).map(each => configured(this.#relative(file), each))
      }
      const built = emptyAccumulation()
      this.#addResource(built, { path: text, origin, layer })
      return built.set.resources.map(each => configured(textOf(each.note, 'path') || this.#relative(file), each))
    })
  }

  #transform(into: Accumulated, layer: Layer): void {
    const { kustomization, schemas, folder } = layer
    const context: TransformerContext = {
      configuration: into.configuration,
      schemas,
      folder,
      file: kustomization.file,
      readFile: (path, origin) => this.#file(folder, { path, origin }),
      isFile: (path, origin) =>
        kindOf(this.#tree, { path: resourcePath(this.#tree, { folder, path, origin }), origin }) === 'file',
    }
    const own = transformersOf(kustomization, context).map(transformer => ({
      transformer,
      origin: transformer.origin ?? kustomization.place(),
      note: {
        configuredIn: this.#relative(kustomization.file),
        configuredBy: { apiVersion: 'builtin', kind: transformer.kind },
      },
    }))
    const configured = this.#plugins('transformers', layer).map(({ object, origin, note }) => ({
      transformer: configuredTransformer(object, { origin, context }),
      origin,
      note: note ?? {},
    }))
    for (const { transformer, origin, note } of [...own, ...configured]) {
      const run = (): void => traversing(transformer.kind, origin, () => transformer.transform(into.set))
      const transform = (): void => (this.#traced && !isPatch(transformer) ? tracing(into.set, origin, run) : run())
      if (this.#notes) withNotes(() => into.set.resources, transform)
      else transform()
      for (const resource of this.#notes ? into.set.resources : []) {
        if (resource.note === undefined) resource.note = note
        else resource.transformations = [...resource.transformations, note]
      }
      into.set.resources = into.set.resources.filter(({ object }) => !isEmpty(object))
    }
  }

  #file(
    folder: string,
    { path, origin, use }: { readonly path: string; readonly origin: Origin; readonly use?: FileUse | undefined },
  ): { bytes: Uint8Array; file: string } {
    const file = resourcePath(this.#tree, { folder, path, origin })
    const bytes = kindOf(this.#tree, { path: file, origin }) === 'file' ? this.#tree.read(file, use) : undefined
    if (bytes !== undefined) return { bytes, file }
    throw new RenderFailure(`${path} is no file of this repository`, {
      origin,
      remedy: 'check the path, which begins at this folder',
    })
  }

  #note(note: Fields): { note?: Fields } {
    return this.#notes ? { note } : {}
  }

  /** A path as seen from the folder that is built. */
  #relative(file: string): string {
    const from = this.#root === '' ? [] : this.#root.split('/')
    const to = file.split('/')
    let shared = 0
    while (shared < from.length && from[shared] === to[shared]) shared += 1
    return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/')
  }
}

/** What a list of a kustomization names. */
interface Named {
  readonly path: string
  readonly origin: Origin
  readonly layer: Layer
}

function emptyAccumulation(): Accumulated {
  return { set: new ResourceSet(), configuration: emptyConfiguration, variables: [] }
}

function isPatch({ kind }: Transformer): boolean {
  return kind.startsWith('Patch')
}

// oxlint-disable-next-line max-params -- who, where and what
function tracing(set: ResourceSet, origin: Origin, run: () => void): void {
  const before = new Map(set.resources.map(resource => [resource, cloned(resource.object)]))
  run()
  for (const [resource, object] of before) resource.place = placeAfterChange(resource, { before: object, origin })
}

// oxlint-disable-next-line max-params -- who, where and what
function traversing(what: string, origin: Origin, run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof NotTraversable)) throw error
    throw new RenderFailure(`${what}: ${error.message}`, { origin, remedy: 'correct the field or its path' })
  }
}
