// Fails on an import that points the wrong way, on a cycle, and on anything impure inside a pure folder.
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Folder → the folders of ours that it may import; its own is always allowed. */
const allowed = {
  machine: [],
  'engine/api': [],
  'engine/policy': ['engine/api'],
  'engine/protocol': ['engine/api'],
  'engine/cluster': ['engine/api'],
  'engine/plan': ['engine/api', 'engine/cluster', 'engine/protocol'],
  'engine/controllers': ['engine/api', 'engine/cluster', 'engine/protocol'],
  'engine/scheduler': ['engine/api', 'engine/cluster'],
  'engine/core': [
    'engine/api',
    'engine/protocol',
    'engine/cluster',
    'engine/plan',
    'engine/controllers',
    'engine/scheduler',
  ],
  'engine/git': ['engine/api', 'engine/protocol'],
  'engine/remotes': ['engine/api', 'engine/git'],
  'engine/render': ['engine/api', 'engine/policy', 'engine/protocol', 'engine/git', 'engine/remotes'],
  'engine/vendor': ['engine/api', 'engine/git', 'engine/remotes', 'engine/render'],
  'engine/record': ['engine/api', 'engine/cluster', 'engine/git'],
  'engine/fleet': ['engine/api', 'engine/protocol'],
  'engine/server': ['engine/api', 'engine/cluster', 'engine/protocol'],
  'engine/cli': ['engine'],
  engine: ['engine'],
  'agent/runtime': ['engine/api', 'engine/protocol', 'agent/network'],
  'agent/network': ['engine/api', 'engine/protocol'],
  'agent/spec': ['engine/api'],
  'agent/volumes': ['engine/api', 'engine/protocol', 'agent/mirror.ts', 'agent/runtime', 'agent/spec'],
  'agent/probes': ['engine/api', 'engine/protocol', 'agent/runtime'],
  'agent/dns': ['engine/api', 'engine/protocol'],
  'agent/proxy': ['engine/api', 'engine/protocol'],
  'agent/pods': ['engine/api', 'engine/protocol', 'agent'],
  agent: ['engine/api', 'engine/protocol', 'agent'],
}
/** What everything that is not pure may use: files, locks and processes of this machine. */
const forAll = 'machine'
/** Same input, same output, always: no I/O, no clock, no chance. */
const pure = new Set([
  'engine/api',
  'engine/policy',
  'engine/protocol',
  'engine/plan',
  'engine/cluster',
  'engine/controllers',
  'engine/scheduler',
  'engine/core',
])
const impure = [
  [/from 'node:|import\('node:/, 'imports node:*'],
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, 'reads the clock'],
  [/\bMath\.random\b|\bcrypto\b\./, 'draws randomness'],
  [/\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, 'sets a timer'],
  [/\bprocess\.(?:env|cwd|argv|exit)\b|\bfetch\(/, 'touches the outside'],
]

const problems = []
const files = ['machine', 'engine', 'agent'].flatMap(walk).filter(path => path.endsWith('.ts'))
const graph = new Map()

for (const file of files) {
  const text = withoutComments(readFileSync(file, 'utf8'))
  const test = /\.(?:test|suite|bench)\.ts$/.test(file)
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'/g)].map(([, to]) =>
    normalize(join(dirname(file), to)),
  )
  if (!test) graph.set(file, imports)
  const home = homeOf(file)
  for (const to of imports) {
    if (test && (to.startsWith('test/') || homeOf(to) !== undefined)) continue
    const shared = within(to, forAll) && !pure.has(home)
    if (!within(to, home) && !shared && !allowed[home].some(folder => within(to, folder))) {
      problems.push(`${file}: imports ${to}, but ${home} may import only ${allowed[home].join(', ') || 'itself'}`)
    }
  }
  if (!test && pure.has(home)) {
    for (const [pattern, what] of impure) if (pattern.test(text)) problems.push(`${file}: ${what} in a pure folder`)
  }
}
findCycle()

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exit(problems.length === 0 ? 0 : 1)

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.name === 'generated') return []
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(path) : [path]
  })
}

/** The longest folder of the table that holds the file. */
function homeOf(file) {
  return Object.keys(allowed)
    .filter(folder => within(file, folder))
    .sort((a, b) => b.length - a.length)[0]
}

function within(path, folder) {
  return path === folder || path.startsWith(`${folder}/`)
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function findCycle() {
  const done = new Set()
  const path = []
  const visit = file => {
    if (path.includes(file)) {
      problems.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
      return
    }
    if (done.has(file)) return
    path.push(file)
    for (const to of graph.get(file) ?? []) visit(to)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
}
