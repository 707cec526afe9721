import type { Origin, Problem } from '../../api/problem.ts'
import { problemOf } from '../check-resource.ts'
import { RenderFailure } from '../failure.ts'
import { setField, type Fields } from '../kustomize/fields.ts'
import type { TreeReader } from '../tree.ts'
import { Budget } from './budget.ts'
import { loadChart, type Chart, type PlainFile, type TemplateFile } from './chart.ts'
import { objectsOf, type ChartObject } from './documents.ts'
import { Evaluator } from './evaluate.ts'
import { Output } from './output.ts'
import type { Capabilities, Lookup, Release, ValuesLayer } from './release.ts'
import { schemaProblems } from './schema.ts'
import type { Template } from './template.ts'
import { valueChart, type ValuedChart } from './values.ts'
import { isWithin, versionOf } from './version.ts'

export interface ChartRequest {
  readonly tree: TreeReader
  /** The folder of Chart.yaml. */
  readonly chart: string
  /** Where the chart is asked for. */
  readonly origin: Origin
  readonly release: Release
  readonly values: readonly ValuesLayer[]
  readonly capabilities: Capabilities
  /** The commit's, in seconds since 1970. */
  readonly time: () => number
  readonly lookup: Lookup
}

export interface RenderedChart {
  /** Definitions first, then a chart's templates in the order of their paths, then those of its parts. */
  readonly objects: readonly ChartObject[]
  readonly notes: string
  readonly problems: readonly Problem[]
}

const mostProblems = 50

/** Renders a chart: a function of what it is given, and of nothing else. */
export function renderChart(request: ChartRequest): RenderedChart {
  const { tree, chart: folder, origin, values, capabilities } = request
  const whole = valueChart(loadChart(tree, folder, origin), values)
  const all = withParts(whole)
  const problems = [
    ...values.flatMap(({ warnings }) => warnings),
    ...all.flatMap(({ chart }) => [...chart.file.warnings, ...chart.defaults.warnings]),
    ...all.flatMap(each => fitProblems(each.chart, capabilities)),
    ...(whole.chart.file.isLibrary ? [libraryProblem(whole.chart, origin)] : []),
    ...all.flatMap(schemaProblems),
  ]
  if (problems.some(({ severity }) => severity === 'error')) return { objects: [], notes: '', problems }
  const rendering = new Rendering(request, all)
  const objects = rendering.objects()
  const notes = rendering.notes(whole)
  return { objects, notes, problems: [...problems, ...rendering.problems].slice(0, mostProblems) }
}

function withParts(chart: ValuedChart): ValuedChart[] {
  return [chart, ...chart.parts.flatMap(withParts)]
}

function fitProblems({ file }: Chart, { kubeVersion }: Capabilities): Problem[] {
  if (file.kubeVersion === undefined || isWithin(kubeVersion, file.kubeVersion) !== false) return []
  const message = `the chart ${file.name} is for Kubernetes ${file.kubeVersion}, and this is ${kubeVersion}`
  return [{ ...file.place(['kubeVersion']), severity: 'error', message, remedy: 'take another version of the chart' }]
}

function libraryProblem({ file }: Chart, origin: Origin): Problem {
  const message = `${file.name} is a library chart, which gives other charts its partials and nothing by itself`
  return { ...origin, severity: 'error', message, remedy: 'name it as a dependency of a chart' }
}

class Rendering {
  readonly problems: Problem[] = []
  readonly #all: readonly ValuedChart[]
  readonly #evaluators: ReadonlyMap<ValuedChart, Evaluator>

  constructor({ release, capabilities, time, lookup }: ChartRequest, all: readonly ValuedChart[]) {
    const partials = partialsOf(all)
    const budget = new Budget()
    this.#all = all
    this.#evaluators = new Map(
      all.map((valued, index) => [
        valued,
        new Evaluator({
          root: rootOf(valued, { release, capabilities, isRoot: index === 0 }),
          partials,
          helpers: { files: valued.chart.files, capabilities, time, lookup },
          budget,
          isSecret: valued.isSecret,
        }),
      ]),
    )
  }

  objects(): ChartObject[] {
    const definitions = this.#all.flatMap(valued => valued.chart.definitions.map(file => ({ valued, file })))
    const templates = this.#all
      .filter(({ chart }) => !chart.file.isLibrary)
      .flatMap(valued => valued.chart.templates.map(file => ({ valued, file })))
    return [
      ...definitions.flatMap(({ valued, file }) =>
        this.#try(() => this.#objectsOf(plain(file, valued), { valued, file })),
      ),
      ...templates.flatMap(({ valued, file }) =>
        this.#try(() => this.#objectsOf(this.#output(file, valued), { valued, file })),
      ),
    ]
  }

  notes(valued: ValuedChart): string {
    const { notes } = valued.chart
    return notes === undefined ? '' : this.#try(() => [this.#output(notes, valued).text()]).join('')
  }

  /** What fails is told, and the rest goes on: an author sees all mistakes at once. */
  #try<Result>(run: () => Result[]): Result[] {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof RenderFailure)) throw error
      this.problems.push(problemOf(error))
      return []
    }
  }

  #output(file: TemplateFile, valued: ValuedChart): Output {
    const evaluator = this.#evaluators.get(valued)
    if (file.template === undefined || evaluator === undefined) return plain(file, valued)
    const origin = { file: valued.chart.files.path(file.path), line: 1, column: 1 }
    return evaluator.render(file.template, origin)
  }

  #objectsOf(
    output: Output,
    { valued, file }: { readonly valued: ValuedChart; readonly file: PlainFile },
  ): ChartObject[] {
    return objectsOf(output, { file: valued.chart.files.path(file.path), values: valued })
  }
}

function plain({ path, text }: PlainFile, { chart }: ValuedChart): Output {
  const output = new Output()
  output.add(text, { origin: { file: chart.files.path(path), line: 1, column: 1 }, exact: true, reads: [] })
  return output
}

/** Every chart's partials, as Helm shares them; a parent's hides one of its parts that has the same name. */
function partialsOf(all: readonly ValuedChart[]): Map<string, Template> {
  return new Map(
    all
      .toReversed()
      .flatMap(({ chart }) =>
        [...chart.home.partials].flatMap(([name, template]) => [
          [name, template] as const,
          [`${chart.file.name}/${name}`, template] as const,
        ]),
      ),
  )
}

interface About {
  readonly release: Release
  readonly capabilities: Capabilities
  readonly isRoot: boolean
}

/** What templates begin at, under the names that Helm gives it. */
function rootOf({ chart, values, parts }: ValuedChart, { release, capabilities, isRoot }: About): Fields {
  const { name, namespace, isInstall, isUpgrade, revision } = release
  const { major = 0, minor = 0 } = versionOf(capabilities.kubeVersion) ?? {}
  const subcharts: Fields = {}
  for (const part of parts) setField(subcharts, { name: part.alias, value: { Values: part.values } })
  return {
    Values: values,
    Release: {
      Name: name,
      Namespace: namespace,
      IsInstall: isInstall,
      IsUpgrade: isUpgrade,
      Revision: revision,
      Service: 'Gantry',
    },
    Chart: { ...chart.file.context, IsRoot: isRoot },
    Capabilities: {
      KubeVersion: {
        Version: capabilities.kubeVersion,
        GitVersion: capabilities.kubeVersion,
        Major: String(major),
        Minor: String(minor),
      },
      APIVersions: capabilities.apiVersions,
    },
    Subcharts: subcharts,
  }
}
