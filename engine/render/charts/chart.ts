import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { kindOf, pathFrom, splitPath, type TreeReader } from '../tree.ts'
import { archiveOf, isArchive } from './archives.ts'
import { readChartFile, type ChartFile, type Dependency } from './chart-file.ts'
import { ChartFiles } from './files.ts'
import { parseTemplate } from './parse.ts'
import type { Home, Template } from './template.ts'
import { readFieldsFile, textOfFile, type FieldsFile } from './yaml-document.ts'
import { isWithin } from './version.ts'

/** A chart as its folder holds it, with the charts that it is made of. */
export interface Chart {
  readonly file: ChartFile
  readonly files: ChartFiles
  readonly home: Home
  readonly defaults: FieldsFile
  readonly schema: { readonly bytes: Uint8Array; readonly file: string } | undefined
  readonly templates: readonly TemplateFile[]
  readonly notes: TemplateFile | undefined
  /** Texts of custom resource definitions, taken as they are. */
  readonly definitions: readonly PlainFile[]
  readonly parts: readonly Part[]
}

/** A chart inside another, under the name by which its values go. */
export interface Part {
  readonly chart: Chart
  readonly alias: string
  /** Absent where the chart lies in `charts/` without being named. */
  readonly dependency: Dependency | undefined
}

export interface PlainFile {
  readonly path: string
  readonly text: string
}

/** A file of `templates/`, from the chart's folder; without a program it is taken as it is. */
export interface TemplateFile extends PlainFile {
  readonly template: Template | undefined
}

const mostCharts = 200
const deepestCharts = 10

/** Reads the chart of a folder. Throws RenderFailure. */
export function loadChart(tree: TreeReader, folder: string, origin: Origin): Chart {
  return new Loader(tree).load(folder, { origin, above: [] })
}

interface Place {
  readonly origin: Origin
  /** The folders of the charts that this one is a part of. */
  readonly above: readonly string[]
}

class Loader {
  readonly #tree: TreeReader
  #charts = 0

  constructor(tree: TreeReader) {
    this.#tree = tree
  }

  load(folder: string, { origin, above }: Place): Chart {
    this.#charts += 1
    if (above.includes(folder)) throw new RenderFailure(`the chart ${folder} is a dependency of itself`, { origin })
    if (this.#charts > mostCharts || above.length > deepestCharts) {
      throw new RenderFailure(`the chart is made of more than ${mostCharts} charts, or ${deepestCharts} levels`, {
        origin,
      })
    }
    const files = new ChartFiles(this.#tree, folder)
    const bytes = files.bytes('Chart.yaml')
    if (bytes === undefined) {
      throw new RenderFailure(`there is no chart in ${folder || 'the root'}: it has no Chart.yaml`, {
        origin,
        remedy: 'name the folder that holds Chart.yaml',
      })
    }
    const file = readChartFile(readFieldsFile(bytes, files.path('Chart.yaml')))
    const home: Home = { partials: new Map() }
    const templates = readTemplates(files, home)
    const schema = files.bytes('values.schema.json')
    return {
      file,
      files,
      home,
      defaults: readFieldsFile(files.bytes('values.yaml'), files.path('values.yaml')),
      schema: schema === undefined ? undefined : { bytes: schema, file: files.path('values.schema.json') },
      templates: templates.filter(({ path }) => !isNotes(path)),
      notes: templates.find(({ path }) => isNotes(path)),
      definitions: files
        .below('crds')
        .filter(path => isPlainManifest(path))
        .map(path => readPlain(files, path)),
      parts: this.#parts(file, { files, above: [...above, folder] }),
    }
  }

  #parts(file: ChartFile, { files, above }: { readonly files: ChartFiles; readonly above: readonly string[] }): Part[] {
    const names = [
      ...files.names('charts', 'folder').filter(name => !/^[._]/.test(name)),
      ...files.names('charts', 'file').flatMap(name => (isArchive(name) ? `${name}!` : [])),
    ]
    const inside = names.map(name => {
      const path = files.path(`charts/${name}`)
      return this.load(path, { origin: { file: path, line: 0, column: 0 }, above })
    })
    const named = file.dependencies.map((dependency): Part => {
      const chart =
        inside.find(each => isMeant(each.file, dependency)) ?? this.#beside(dependency, { files, above, inside })
      return { chart, alias: dependency.alias, dependency }
    })
    const rest = inside.filter(chart => !file.dependencies.some(({ name }) => name === chart.file.name))
    const parts = [...named, ...rest.map(chart => ({ chart, alias: chart.file.name, dependency: undefined }))]
    const twice = parts.find(({ alias }, index) => parts.findIndex(each => each.alias === alias) < index)
    if (twice === undefined) return parts
    throw new RenderFailure(`two dependencies are called ${twice.alias}`, {
      origin: twice.dependency?.origin ?? file.place([]),
      remedy: 'give one of them an alias',
    })
  }

  /** A dependency in another folder of the same repository: `repository: file://../common`. */
  #beside(
    { name, version, repository, origin }: Dependency,
    {
      files,
      above,
      inside,
    }: { readonly files: ChartFiles; readonly above: readonly string[]; readonly inside: readonly Chart[] },
  ): Chart {
    const packed = archiveOf(files.folder)
    if (repository.startsWith('file://') && packed === undefined) {
      const folder = pathFrom(files.folder, { path: repository.slice('file://'.length), origin })
      if (kindOf(this.#tree, { path: folder, origin }) === 'folder') return this.load(folder, { origin, above })
    }
    const others = inside.flatMap(({ file }) => (file.name === name ? file.version : []))
    const instead = others.length === 0 ? '' : `, only ${others.join(' and ')}`
    throw new RenderFailure(`the dependency ${name} ${version} is not in charts/${instead}`.replace('  ', ' '), {
      origin,
      remedy:
        packed === undefined
          ? `put the chart into ${files.path(`charts/${name}`)}, or run helm dependency update`
          : `pack ${splitPath(packed).name} again with its dependencies: helm package --dependency-update`,
    })
  }
}

function isMeant({ name, version }: ChartFile, dependency: Dependency): boolean {
  return name === dependency.name && (dependency.version === '' || isWithin(version, dependency.version) === true)
}

function isNotes(path: string): boolean {
  return path === 'templates/NOTES.hbs' || path === 'templates/NOTES.txt'
}

function isPlainManifest(path: string): boolean {
  return /\.(?:ya?ml|json)$/.test(path)
}

function isPartial(path: string): boolean {
  return /(?:^|\/)_[^/]*\.hbs$/.test(path)
}

/** Templates in the order of their paths. Partials are kept in `home`, by name: `_labels` of `templates/_labels.hbs`. */
function readTemplates(files: ChartFiles, home: Home): TemplateFile[] {
  return files
    .below('templates')
    .sort()
    .flatMap((path): TemplateFile[] => {
      const plain = readPlain(files, path)
      if (!path.endsWith('.hbs')) {
        refuseGoTemplate(plain, files)
        return isPlainManifest(path) || isNotes(path) ? [{ ...plain, template: undefined }] : []
      }
      const template = { program: parseTemplate(plain.text, { file: files.path(path), home }), home }
      for (const [name, inline] of template.program.inlines) home.partials.set(name, inline)
      if (!isPartial(path)) return [{ ...plain, template }]
      home.partials.set(path.slice('templates/'.length, -'.hbs'.length), template)
      return []
    })
}

function readPlain(files: ChartFiles, path: string): PlainFile {
  return { path, text: textOfFile(files.bytes(path) ?? new Uint8Array(), files.path(path)) }
}

function refuseGoTemplate({ path, text }: PlainFile, files: ChartFiles): void {
  const at = text.indexOf('{{')
  if (at < 0) return
  const before = text.slice(0, at).split('\n')
  throw new RenderFailure('Go templates are not rendered yet', {
    origin: { file: files.path(path), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    remedy: `write it in Handlebars as ${path.replace(/\.\w+$/, '')}.hbs, or commit what helm template gives`,
  })
}
