import type { Origin } from '../../api/problem.ts'
import { joinFieldSpecs, type Configuration } from './configuration.ts'
import { RenderFailure } from '../failure.ts'
import { readDocuments } from './document.ts'
import { splitPath } from '../tree.ts'
import type { FieldSpec } from './field-spec.ts'
import { fieldOf, isFields, textOf, textsOf, type Fields } from './fields.ts'
import { setImages } from './images.ts'
import { fieldsListOf, listOf, type Kustomization } from './kustomization.ts'
import type { MergeSchemas } from './merge-schema.ts'
import { addTexts, affixNames, setNamespace, setReplicas } from './names.ts'
import { applyPatch, readPatch, type Patch } from './patches.ts'
import { readReplacements, replace } from './replacements.ts'
import { addValue } from './value-add.ts'
import type { ResourceSet } from './resource-set.ts'

/** What a transformer may use of its kustomization. */
export interface TransformerContext {
  readonly configuration: Configuration
  readonly schemas: MergeSchemas
  readonly folder: string
  /** The file that holds the configuration. */
  readonly file: string
  readFile(path: string, origin: Origin): { readonly bytes: Uint8Array; readonly file: string }
  isFile(path: string, origin: Origin): boolean
}

export interface Transformer {
  /** The name under which Kustomize knows it. */
  readonly kind: string
  /** Where the kustomization asks for it. */
  readonly origin?: Origin
  transform(set: ResourceSet): void
}

/** What a kustomization does to its resources, in Kustomize's order. */
export function transformersOf({ fields, place }: Kustomization, context: TransformerContext): Transformer[] {
  const { configuration } = context
  const each = (name: string, build: (entry: Fields, origin: Origin) => Transformer[]): Transformer[] =>
    fieldsListOf(fields, name).flatMap((entry, index) => build(entry, place(name, index)))
  const merges = listOf(fields, 'patchesStrategicMerge').map((text, index) =>
    mergePatch(String(text), { origin: place('patchesStrategicMerge', index), context }),
  )
  const affix = (name: 'namePrefix' | 'nameSuffix', side: 'prefix' | 'suffix'): Transformer[] => {
    const text = textOf(fields, name)
    if (text === '') return []
    const kind = side === 'prefix' ? 'PrefixTransformer' : 'SuffixTransformer'
    const change = { side, text, fieldSpecs: configuration[name] }
    return [{ kind, origin: place(name), transform: set => affixNames(set.resources, change) }]
  }
  const namespace = textOf(fields, 'namespace')
  const annotations = textsOf(fieldOf(fields, 'commonAnnotations'))
  return [
    ...(merges.length === 0
      ? []
      : [{ kind: 'PatchStrategicMergeTransformer', transform: (set: ResourceSet) => merges.forEach(run => run(set)) }]),
    ...each('patches', (entry, origin) => [patchTransformer(entry, { origin, context })]),
    ...(namespace === ''
      ? []
      : [
          {
            kind: 'NamespaceTransformer',
            origin: place('namespace'),
            transform: (set: ResourceSet) => setNamespace(set, { namespace, fieldSpecs: configuration.namespace }),
          },
        ]),
    ...affix('namePrefix', 'prefix'),
    ...affix('nameSuffix', 'suffix'),
    ...labelTransformers({ fields, place }, configuration),
    ...(Object.keys(annotations).length === 0
      ? []
      : [
          {
            ...texts('AnnotationsTransformer', { texts: annotations, fieldSpecs: configuration.commonAnnotations }),
            origin: place('commonAnnotations'),
          },
        ]),
    ...each('patchesJson6902', (entry, origin) => [
      { ...patchTransformer(entry, { origin, context, keepId: true }), kind: 'PatchJson6902Transformer' },
    ]),
    ...each('replicas', (entry, origin) => [
      { ...replicas(entry, { fieldSpecs: configuration.replicas, origin }), origin },
    ]),
    ...each('images', (image, origin) => [{ ...images(image, configuration.images), origin }]),
    ...replacementTransformers(fields, { place, context }),
  ]
}

function texts(
  kind: string,
  change: { readonly texts: Record<string, string>; readonly fieldSpecs: readonly FieldSpec[] },
): Transformer {
  return { kind, transform: set => addTexts(set.resources, change) }
}

function labelTransformers(
  { fields, place }: Pick<Kustomization, 'fields' | 'place'>,
  configuration: Configuration,
): Transformer[] {
  const labels = fieldsListOf(fields, 'labels')
  const common = textsOf(fieldOf(fields, 'commonLabels'))
  if (labels.length === 0 && Object.keys(common).length === 0) return []
  const own = labels.map((label, index) => {
    const specs = joinFieldSpecs(fieldSpecsOf(label, 'fields') ?? [], configuration.labels)
    const more =
      label['includeSelectors'] === true
        ? configuration.commonLabels
        : [
            ...(label['includeTemplates'] === true ? configuration.templateLabels : []),
            { path: 'metadata/labels', create: true },
          ]
    const change = { texts: textsOf(label['pairs']), fieldSpecs: joinFieldSpecs(specs, more) }
    return { ...texts('LabelTransformer', change), origin: place('labels', index) }
  })
  const last = texts('LabelTransformer', { texts: common, fieldSpecs: configuration.commonLabels })
  return [...own, { ...last, origin: place('commonLabels') }]
}

interface Entry {
  readonly origin: Origin
  readonly context: TransformerContext
}

function mergePatch(text: string, { origin, context }: Entry): (set: ResourceSet) => void {
  const isPath = !text.includes('\n') && context.isFile(text, origin)
  const patch = isPath ? patchIn(text, { origin, context }) : readPatch({ text, file: context.file, inside: origin })
  return set => applyPatch(set, { patch, target: undefined, options: {}, schemas: context.schemas, origin })
}

function patchIn(path: string, { origin, context }: Entry): Patch {
  const { bytes, file } = context.readFile(path, origin)
  return readPatch({ text: bytes, file })
}

function patchTransformer(
  entry: Fields,
  { origin, context, keepId = false }: Entry & { keepId?: boolean },
): Transformer {
  const [path, text] = [textOf(entry, 'path'), (textOf(entry, 'patch') || textOf(entry, 'jsonOp')).trim()]
  if ((path === '') === (text === '')) {
    throw new RenderFailure('a patch needs either path or patch', { origin, remedy: 'write one of them' })
  }
  const patch =
    path === '' ? readPatch({ text, file: context.file, inside: origin }) : patchIn(path, { origin, context })
  const [target, options] = [fieldOf(entry, 'target'), fieldOf(entry, 'options')]
  return {
    kind: 'PatchTransformer',
    transform: set =>
      applyPatch(set, {
        patch,
        target: isFields(target) ? target : undefined,
        options: isFields(options) ? options : {},
        schemas: context.schemas,
        origin,
        keepId,
      }),
  }
}

function images(image: Fields, fieldSpecs: readonly FieldSpec[]): Transformer {
  return { kind: 'ImageTagTransformer', transform: set => setImages(set.resources, { image, fieldSpecs }) }
}

function replicas(
  entry: Fields,
  { fieldSpecs, origin }: { fieldSpecs: readonly FieldSpec[]; origin: Origin },
): Transformer {
  const name = textOf(entry, 'name')
  const count = Number(fieldOf(entry, 'count') ?? 0)
  return {
    kind: 'ReplicaCountTransformer',
    transform: set => {
      if (setReplicas(set.resources, { name, count, fieldSpecs })) return
      throw new RenderFailure(`nothing with replicas is called ${name}`, { origin, remedy: 'check the name' })
    },
  }
}

function replacementTransformers(
  fields: Fields,
  { place, context }: { readonly place: Kustomization['place']; readonly context: TransformerContext },
): Transformer[] {
  const entries = fieldsListOf(fields, 'replacements')
  if (entries.length === 0) return []
  const all = entries.flatMap((entry, index) => {
    const origin = place('replacements', index)
    const path = textOf(entry, 'path')
    return path === '' ? [{ replacement: entry, origin }] : replacementsIn(path, { origin, context })
  })
  const transform = (set: ResourceSet): void => {
    for (const each of all) replace(set.resources, each)
  }
  const [only] = all.length === 1 ? all : []
  return [{ kind: 'ReplacementTransformer', origin: only?.origin ?? place('replacements'), transform }]
}

function replacementsIn(path: string, { origin, context }: Entry): { replacement: Fields; origin: Origin }[] {
  const { bytes, file } = context.readFile(path, origin)
  return readReplacements(bytes, file)
}

function readTargets(path: string, { origin, context }: Entry): Fields {
  const { bytes, file } = context.readFile(path, origin)
  const value = readDocuments(bytes, { file, lastKeyCounts: true })[0]?.value
  return isFields(value) ? value : {}
}

function fieldSpecsOf(fields: Fields, name: string): FieldSpec[] | undefined {
  const written = fieldOf(fields, name)
  if (!Array.isArray(written)) return undefined
  return written.filter(isFields).map(spec => ({
    path: textOf(spec, 'path'),
    group: textOf(spec, 'group'),
    version: textOf(spec, 'version'),
    kind: textOf(spec, 'kind'),
    create: spec['create'] === true,
  }))
}

/** A transformer that an object of `apiVersion: builtin` configures, as `transformers` names them. */
export function configuredTransformer(object: Fields, { origin, context }: Entry): Transformer {
  const kind = textOf(object, 'kind')
  const fieldSpecs = (otherwise: readonly FieldSpec[]): readonly FieldSpec[] =>
    fieldSpecsOf(object, 'fieldSpecs') ?? otherwise
  const { configuration } = context
  switch (kind) {
    case 'LabelTransformer':
      return texts(kind, { texts: textsOf(object['labels']), fieldSpecs: fieldSpecs([]) })
    case 'AnnotationsTransformer':
      return texts(kind, { texts: textsOf(object['annotations']), fieldSpecs: fieldSpecs([]) })
    case 'PrefixTransformer':
    case 'SuffixTransformer': {
      const side = kind === 'PrefixTransformer' ? 'prefix' : 'suffix'
      const change = { side, text: textOf(object, side), fieldSpecs: fieldSpecs([]) } as const
      return { kind, transform: set => affixNames(set.resources, change) }
    }
    case 'NamespaceTransformer': {
      const namespace = textOf(fieldOf(object, 'metadata'), 'namespace')
      const unsetOnly = object['unsetOnly'] === true
      const subjects = textOf(object, 'setRoleBindingSubjects') || 'defaultOnly'
      return {
        kind,
        transform: set => setNamespace(set, { namespace, fieldSpecs: fieldSpecs([]), unsetOnly, subjects }),
      }
    }
    case 'ImageTagTransformer': {
      const image = fieldOf(object, 'imageTag')
      return images(isFields(image) ? image : {}, fieldSpecs([]))
    }
    case 'ReplicaCountTransformer': {
      const entry = fieldOf(object, 'replica')
      return replicas(isFields(entry) ? entry : {}, { fieldSpecs: fieldSpecs(configuration.replicas), origin })
    }
    case 'PatchTransformer':
      return patchTransformer(object, { origin, context })
    case 'PatchJson6902Transformer':
      return { ...patchTransformer(object, { origin, context, keepId: true }), kind }
    case 'PatchStrategicMergeTransformer': {
      const inline = textOf(object, 'patches')
      const paths = listOf(object, 'paths').map(String)
      const runs = [...paths, ...(inline === '' ? [] : [`${inline}\n`])].map(text =>
        mergePatch(text, { origin, context }),
      )
      return { kind, transform: set => runs.forEach(run => run(set)) }
    }
    case 'ReplacementTransformer': {
      const all = fieldsListOf(object, 'replacements').flatMap(entry => {
        const path = textOf(entry, 'path')
        return path === '' ? [{ replacement: entry, origin }] : replacementsIn(path, { origin, context })
      })
      return { kind, transform: set => all.forEach(each => replace(set.resources, each)) }
    }
    case 'ValueAddTransformer': {
      const [value, path] = [
        textOf(object, 'value') || splitPath(context.folder).name,
        textOf(object, 'targetFilePath'),
      ]
      const given = path === '' ? object : readTargets(path, { origin, context })
      const targets = fieldsListOf(given, 'targets')
      if (targets.length === 0) {
        throw new RenderFailure('a ValueAddTransformer needs a target', { origin, remedy: 'list it under targets' })
      }
      return { kind, transform: set => addValue(set.resources, { value, targets, origin }) }
    }
    default:
      throw new RenderFailure(`the transformer ${kind} is not one of Kustomize's own`, {
        origin,
        remedy: 'use patches or replacements: no program of a repository is run while rendering',
      })
  }
}
