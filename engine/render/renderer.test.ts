import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatProblem } from '../api/problem.ts'
import { GitError } from '../git/repository.ts'
import { createRenderer, type Rendered, type Renderer, type RendererOptions } from './renderer.ts'
import { treeOf, type Contents } from './tree.fixture.ts'

const namespace = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`
const configMap = (name: string, value = '1') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata: { a: "${value}" }\n`
const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\n`

let renderer: Renderer | undefined
function start(options: RendererOptions = {}): Renderer {
  renderer = createRenderer({ workers: 1, ...options })
  return renderer
}
afterEach(async () => renderer?.close())

function inWords({ manifests, problems }: Rendered): string[] {
  return [
    ...manifests.map(({ object, origin }) => `${origin.file}:${origin.line} ${object.metadata.name}`),
    ...problems.map(formatProblem),
  ]
}

async function render(files: Readonly<Record<string, Contents>>, paths?: readonly string[]): Promise<string[]> {
  return inWords(await start().render(treeOf(files), paths === undefined ? {} : { paths }))
}

const settings = (spec: string) => `apiVersion: gantry.dev/v1\nkind: Cluster\nmetadata: {}\nspec: ${spec}\n`

// The workers run the built program (npm run build).
describe('rendering', () => {
  describe('of kustomizations, what an edit touches is built again, and nothing else', () => {
    const files = {
      'base/kustomization.yaml': 'resources: [a.yaml]',
      'base/a.yaml': configMap('a'),
      'base/notes.yaml': '# 1',
      'one/kustomization.yaml': 'namePrefix: one-\nresources: [../base]',
      'two/kustomization.yaml': 'namePrefix: two-\nresources: [../base]\npatches: [path: p.yaml]',
      'two/p.yaml': configMap('a', '2'),
      'three/kustomization.yml': 'resources: [deep/b.yaml]',
      'three/deep/b.yaml': configMap('b'),
    }
    const { 'three/deep/b.yaml': b, ...withoutB } = files
    const { 'two/p.yaml': _, 'two/kustomization.yaml': __, ...withoutTwo } = files

    test.each<{ name: string; edited: Record<string, Contents>; anew: string[] }>([
      { name: 'nothing', edited: files, anew: [] },
      { name: 'a file that nobody reads', edited: { ...files, 'base/notes.yaml': '# 2' }, anew: [] },
      { name: 'a base', edited: { ...files, 'base/a.yaml': configMap('a', '3') }, anew: ['one-a', 'two-a'] },
      { name: 'a patch', edited: { ...files, 'two/p.yaml': configMap('a', '4') }, anew: ['two-a'] },
      { name: 'an overlay goes', edited: withoutTwo, anew: [] },
      {
        name: 'an overlay comes',
        edited: { ...files, 'four/kustomization.yaml': 'namePrefix: x-\nresources: [../base]' },
        anew: ['x-a'],
      },
      { name: 'what a name means', edited: { ...files, 'two/p.yaml': { link: 'p' } }, anew: ['error'] },
      {
        name: 'a file that was looked for comes',
        edited: { ...files, 'one/kustomization.yml': '' },
        anew: ['error'],
      },
      { name: 'a file moves', edited: { ...withoutB, 'three/deep/c.yaml': b }, anew: ['error'] },
    ])('$name', async ({ edited, anew }) => {
      const renderer = start()
      const first = await renderer.render(treeOf(files))
      const second = await renderer.render(treeOf(edited))
      const known = new Set(first.manifests)
      const made = second.manifests.filter(each => !known.has(each)).map(({ object }) => object.metadata.name)
      expect([...made, ...second.problems.map(({ severity }) => severity)]).toEqual(anew)
      expect((await renderer.render(treeOf({ ...files, 'x.md': '' }))).manifests).toEqual(first.manifests)
    })

    test('however many there are', async () => {
      const renderer = start()
      const reads = async (count: number): Promise<object> => {
        const overlays = Array.from({ length: count }, (_, i) => [
          `more/${i}/kustomization.yaml`,
          `namePrefix: x${i}-\nresources: [../../base]`,
        ])
        const all: Record<string, Contents> = { ...files, ...Object.fromEntries(overlays) }
        const [before, after] = [treeOf(all), treeOf({ ...all, 'two/p.yaml': configMap('a', `${count}`) })]
        await renderer.render(before)
        Object.assign(before.reads, { trees: 0, blobs: 0 })
        await renderer.render(after)
        return structuredClone({ before: before.reads, after: after.reads })
      }
      expect(await reads(30)).toEqual(await reads(3))
    })

    test('what was built for an earlier tree is taken up again', async () => {
      const renderer = start()
      const of = async (more: Record<string, Contents>) =>
        (await renderer.render(treeOf({ ...files, ...more }))).manifests[0]
      const first = await of({})
      expect(await of({ 'base/a.yaml': configMap('a', '5') })).not.toBe(first)
      expect(await of({ 'notes.md': '' })).toBe(first)
    })

    test('many commits are rendered at once, each by what it holds', async () => {
      const renderer = start()
      const values = ['1', '2', '3', '1', '4', '2']
      const rendered = await Promise.all(
        values.map(value => renderer.render(treeOf({ ...files, 'base/a.yaml': configMap('a', value) }))),
      )
      expect(rendered.map(({ manifests }) => manifests[0]?.object)).toMatchObject(values.map(a => ({ data: { a } })))
    })

    test('when git has thrown the tree before away, every unit is looked into', async () => {
      const renderer = start()
      const before = treeOf(files)
      const first = await renderer.render(before)
      before.objects.readTree = async oid => Promise.reject(new GitError('ObjectMissing', `no tree ${oid}`))
      const { manifests } = await renderer.render(treeOf({ ...files, 'two/p.yaml': configMap('a', '6') }))
      expect(manifests.map((each, index) => each === first.manifests[index])).toEqual([true, true, false])
    })
  })

  test.each<{ name: string; files: Record<string, Contents>; paths?: string[]; gives: string[] }>([
    { name: 'an empty tree', files: {}, gives: [] },
    {
      name: 'every manifest of every folder, in order',
      files: {
        'b.yaml': configMap('b'),
        'a/x.yml': configMap('x'),
        'a/y/z.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'z' } }),
        'notes.md': '# no',
      },
      gives: ['a/x.yml:1 x', 'a/y/z.json:1 z', 'b.yaml:1 b'],
    },
    {
      name: 'hidden files belong to tools',
      files: { '.github/workflow.yaml': 'on: push', '.pre-commit.yaml': 'x: 1', 'a.yaml': configMap('a') },
      gives: ['a.yaml:1 a'],
    },
    {
      name: '.gantryignore leaves files out, a deeper one takes them back in',
      files: {
        '.gantryignore': '# tools\n*.json\n/docs/\nlib/**/test.yaml\n',
        'package.json': '{}',
        'docs/example.yaml': 'hello',
        'docs/.gantryignore': '!example.yaml',
        'lib/a/test.yaml': 'x: 1',
        'lib/.gantryignore': '!kept.json',
        'lib/kept.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } }),
        'web.yaml': configMap('web'),
      },
      gives: ['lib/kept.json:1 kept', 'web.yaml:1 web'],
    },
    {
      name: 'followed paths only',
      files: { 'apps/a/x.yaml': configMap('x'), 'apps/b/y.yaml': configMap('z'), 'other/z.yaml': 'no manifest' },
      paths: ['./apps/a/', 'apps//b'],
      gives: ['apps/a/x.yaml:1 x', 'apps/b/y.yaml:1 z'],
    },
    {
      name: 'a followed path that is not there',
      files: { 'a.yaml': configMap('a') },
      paths: ['apps'],
      gives: [
        'apps: error: the folder apps is followed, but the commit does not have it; commit it, or change spec.paths',
      ],
    },
    {
      name: 'gantry.yaml says what is followed, and is no manifest',
      files: { 'gantry.yaml': settings('{ paths: [apps] }'), 'apps/x.yaml': configMap('x'), 'y.yaml': 'no manifest' },
      gives: ['apps/x.yaml:1 x'],
    },
    {
      name: 'what is not rendered yet is an error, and its files are not applied as they are',
      files: {
        'c/Chart.yaml': 'name: c',
        'c/templates/x.yaml': '{{ x }}',
        'j/app.jsonnet': '{}',
        'j/lib.libsonnet': '{}',
      },
      gives: [
        'j/app.jsonnet: error: this version of Gantry does not evaluate Jsonnet; leave it out with .gantryignore',
        'c/Chart.yaml: warning: no Release names this chart: nothing of it is applied; add a manifest with apiVersion: gantry.dev/v1, kind: Release and its path under spec.chart, or leave it out with .gantryignore',
      ],
    },
    {
      name: 'a folder with a kustomization is built by it, its other files and folders are not manifests by themselves',
      files: {
        'k/kustomization.yaml': 'namePrefix: x-\nresources: [a.yaml, deep/b.yaml]',
        'k/a.yaml': configMap('a'),
        'k/deep/b.yaml': namespace('b'),
        'k/patch.yaml': 'not: a manifest',
        'k/deep/c.yaml': configMap('c'),
        'plain.yaml': configMap('plain'),
      },
      gives: ['plain.yaml:1 plain', 'k/deep/b.yaml:1 b', 'k/a.yaml:1 x-a'],
    },
    {
      name: 'a base that an overlay is built from is not applied by itself, nor is a component',
      files: {
        'base/kustomization.yaml': 'resources: [a.yaml]',
        'base/a.yaml': configMap('a'),
        'part/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -z',
        'overlays/one/kustomization.yaml': 'namePrefix: one-\nresources: [../../base]',
        'overlays/two/kustomization.yaml': 'namePrefix: two-\nresources: [../../base]\ncomponents: [../../part]',
      },
      gives: ['base/a.yaml:1 one-a', 'base/a.yaml:1 two-a-z'],
    },
    {
      name: 'what is wrong with a kustomization is told where it is written',
      files: {
        'circle/kustomization.yaml': 'resources: [../other]',
        'other/kustomization.yaml': 'resources:\n- ../circle',
        'typo/kustomization.yaml': 'resources: []\nnamePrefx: a-',
        'remote/kustomization.yaml': 'resources:\n- https://example.com/x.yaml',
        'out/kustomization.yaml': 'resources:\n- ../../x.yaml',
        'link/kustomization.yaml': 'resources: [l/a.yaml]',
        'link/l': { link: '../../../etc' },
        'invalid/kustomization.yaml': 'resources: [a.yaml]',
        'invalid/a.yaml': configMap('a').replace('\ndata:', '\ndta:'),
      },
      gives: [
        'other/kustomization.yaml:2:3: error: the kustomizations refer to each other in a circle: circle → other → circle',
        'invalid/a.yaml:5:1: error: dta is not a field of a ConfigMap; did you mean data?',
        'link/kustomization.yaml:1:13: error: link/l is a symbolic link, which is not followed; name the path of what it points to',
        'circle/kustomization.yaml:1:13: error: the kustomizations refer to each other in a circle: other → circle → other',
        'out/kustomization.yaml:2:3: error: ../../x.yaml leads out of the repository; copy what it names into the repository',
        'remote/kustomization.yaml:2:3: error: gantry.lock does not say what file https://example.com/x.yaml is; run gantry vendor, and commit gantry.lock',
        'typo/kustomization.yaml:2:1: error: the field namePrefx is not known to Kustomize; write namePrefix',
      ],
    },
    {
      name: 'what a patch made wrong is told where the patch is written, what was wrong before it where that is',
      files: {
        'k/kustomization.yaml':
          'resources: [d.yaml]\npatches:\n- path: merge.yaml\n- path: ops.yaml\n  target: { kind: Deployment }\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: { name: d }\n    spec: { progressDeadlineSeconds: soon }',
        'k/d.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  paused: 3
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers:
        - { name: one, image: x, tty: 1 }
        - name: two
          imagee: x
`,
        'k/merge.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  template:
    spec:
      containers:
        - name: three
          command: sh
        - name: one
          stdin: 1
`,
        'k/ops.yaml': `- { op: test, path: /spec/paused, value: 3 }
- { op: add, path: /spec/minReadySeconds, value: soon }
- { op: add, path: /spec/template/spec/containers/-, value: { name: four, image: x, ports: [{ containerPort: x }] } }
`,
      },
      gives: [
        'k/d.yaml:5:11: error: spec.paused must be true or false, not 3',
        'k/merge.yaml:9:20: error: spec.template.spec.containers[0].command must be a list, not "sh"; start each item with "- "',
        'k/d.yaml:11:39: error: spec.template.spec.containers[1].tty must be true or false, not 1',
        'k/merge.yaml:11:18: error: spec.template.spec.containers[1].stdin must be true or false, not 1',
        'k/d.yaml:13:11: error: spec.template.spec.containers[2].imagee is not a field of a Container; did you mean image?',
        'k/ops.yaml:3:3: error: spec.template.spec.containers[3].ports[0].containerPort must be a whole number, not "x"; write a number, as in containerPort: 1',
        'k/ops.yaml:2:3: error: spec.minReadySeconds must be a whole number, not "soon"; write a number, as in minReadySeconds: 1',
        'k/kustomization.yaml:6:3: error: spec.progressDeadlineSeconds must be a whole number, not "soon"; write a number, as in progressDeadlineSeconds: 1',
      ],
    },
    {
      name: 'what a field of a kustomization made wrong is told where that is written',
      files: {
        'base/kustomization.yaml': 'resources: [d.yaml]',
        'base/d.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  paused: 3
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers: [{ name: one, image: x }]
`,
        'over/kustomization.yaml': `resources: [../base]
namePrefix: A_
labels:
- pairs: { fine: "yes" }
- pairs: { "not so": fine }
replicas:
- { name: d, count: -1 }
replacements:
- source: { kind: Deployment, fieldPath: metadata.name }
  targets:
  - select: { kind: Deployment }
    fieldPaths: [spec.template.spec.containers.0.name]
`,
      },
      gives: [
        'over/kustomization.yaml:5:3: error: metadata.labels["not so"] must be a label: a key like app or example.com/app, a value of up to 63 letters, digits, "-", "_" and "." that begins and ends with a letter or digit, not "fine"',
        'base/d.yaml:5:11: error: spec.paused must be true or false, not 3',
        'over/kustomization.yaml:9:3: error: spec.template.spec.containers[0].name must be up to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends, not "A_d"; write a-d',
        'over/kustomization.yaml:7:3: error: spec.replicas must be a whole number of 0 or more, not -1',
        'over/kustomization.yaml:2:13: error: metadata.name must be up to 253 lower-case letters, digits, "-" and ".", with a letter or digit at both ends, not "A_d"; write a-d',
      ],
    },
    {
      name: 'links and submodules are named',
      files: {
        'a.yaml': configMap('a'),
        'link.yaml': { link: '../../etc/passwd' },
        vendor: { submodule: 'f'.repeat(40) },
      },
      gives: [
        'a.yaml:1 a',
        'link.yaml: warning: a symbolic link, which is not followed: what it points to is read at its own place only; leave it out with .gantryignore',
        'vendor: warning: a submodule: what it holds is not in this repository, and nothing of it is applied; leave it out with .gantryignore',
      ],
    },
    {
      name: 'the same contents at two places are two manifests',
      files: { 'a/ns.yaml': namespace('one'), 'b/ns.yaml': namespace('one') },
      gives: [
        'a/ns.yaml:1 one',
        'b/ns.yaml:1 one',
        'b/ns.yaml:1:1: error: metadata.name stands twice: Namespace one is at a/ns.yaml:1 too; remove one of them, or give it another name',
      ],
    },
  ])('$name', async ({ files, paths, gives }) => {
    expect(await render(files, paths)).toEqual(gives)
  })

  test('an unchanged tree is not read, and a changed file is the only one that is', async () => {
    const files = { 'a/1.yaml': configMap('a1'), 'a/2.yaml': configMap('a2'), 'b/1.yaml': configMap('b1') }
    const [first, same, changed] = [
      treeOf(files),
      treeOf(files),
      treeOf({ ...files, 'a/2.yaml': configMap('a2', '2') }),
    ]
    const renderer = start()
    const one = await renderer.render(first)
    expect(first.reads).toEqual({ trees: 4, blobs: 3 })
    expect(await renderer.render(same)).toBe(one)
    expect(same.reads).toEqual({ trees: 0, blobs: 0 })
    const two = await renderer.render(changed)
    expect(changed.reads).toEqual({ trees: 3, blobs: 1 })
    expect(two.manifests.map((manifest, index) => manifest === one.manifests[index])).toEqual([true, false, true])
  })

  test('a file that moves is not read again', async () => {
    const renderer = start()
    const before = await renderer.render(treeOf({ 'a.yaml': configMap('a') }))
    const moved = treeOf({ 'b/a.yaml': configMap('a') })
    expect(inWords(await renderer.render(moved))).toEqual(['b/a.yaml:1 a'])
    expect([moved.reads.blobs, before.manifests.length]).toEqual([0, 1])
  })

  test('a file beyond the limit is not read', async () => {
    const tree = treeOf({ 'big.yaml': `# ${'x'.repeat(3 << 20)}`, 'a.yaml': configMap('a') })
    const rendered = await start({ limits: { fileBytes: 2 << 20 } }).render(tree)
    expect([inWords(rendered), tree.reads.blobs]).toEqual([
      [
        'a.yaml:1 a',
        'big.yaml: error: the file is 3.0 MiB large; at most 2 MiB are read; split it, or leave it out with .gantryignore',
      ],
      1,
    ])
  })

  test.each([
    { name: 'size', text: '#'.repeat(70_000), reason: 'is 69 KiB large; at most 64 KiB are read' },
    { name: 'patterns', text: 'a.yaml\n'.repeat(1_500), reason: 'has 1500 patterns; at most 1000 are taken' },
    {
      name: 'stars',
      text: '# a\n\n*a*a*a*a*b\n',
      reason: 'has the pattern "*a*a*a*a*b": at most 3 stars may stand in a name',
      line: 3,
    },
  ])('.gantryignore over its limit of $name: nothing of its folder is applied', async ({ text, reason, line }) => {
    const tree = treeOf({ 'in/.gantryignore': text, 'in/a.yaml': configMap('a'), 'b.yaml': configMap('b') })
    expect(inWords(await start().render(tree))).toEqual([
      'b.yaml:1 b',
      `in/.gantryignore${line === undefined ? '' : `:${line}:1`}: error: this file ${reason}; ignore whole folders instead`,
    ])
  })

  test.each([
    { name: 'time', limits: { unitMilliseconds: 1 }, reason: 'takes longer than 0.001 s to read' },
    { name: 'memory', limits: { workerMebibytes: 16 }, reason: 'needs more than 16 MiB to read' },
    { name: 'output', limits: { outputBytes: 512 << 10 }, reason: 'gives more than 512 KiB of objects' },
  ])('a unit over its limit of $name fails, and no other', async ({ name, limits, reason }) => {
    const big = configMap('big').replace(
      'data: { a: "1" }',
      `data:\n${Array.from({ length: 20_000 }, (_, i) => `  key-${i}: "a value of some length ${i}"\n`).join('')}`,
    )
    const renderer = start({ limits })
    const small = name === 'time' ? {} : { 'a.yaml': configMap('a'), 'c.yaml': configMap('c') }
    expect(inWords(await renderer.render(treeOf({ ...small, 'big.yaml': big })))).toEqual([
      ...Object.keys(small).map(file => `${file}:1 ${file.charAt(0)}`),
      `big.yaml: error: the file ${reason}; split it, or leave it out with .gantryignore`,
    ])
  })

  test('a source that cannot be read rejects', async () => {
    const tree = treeOf({ 'a/b.yaml': configMap('a') })
    await expect(start().render({ ...tree, tree: 'gone' })).rejects.toThrow('no tree gone')
  })
})

describe('the cache on disk', () => {
  let cacheFolder = ''
  beforeEach(async () => {
    cacheFolder = await mkdtemp(join(tmpdir(), 'gantry-render-'))
  })
  afterEach(async () => rm(cacheFolder, { recursive: true }))

  const files = { 'a.yaml': configMap('a'), 'b.yaml': configMap('b'), 's.yaml': secret }

  async function renderOnce(contents: Record<string, string> = files) {
    const tree = treeOf(contents)
    const renderer = createRenderer({ cacheFolder, workers: 1 })
    const rendered = await renderer.render(tree)
    await renderer.close()
    return { rendered, blobs: tree.reads.blobs }
  }

  async function cacheFile(): Promise<string> {
    const [name = ''] = await readdir(cacheFolder)
    return join(cacheFolder, name)
  }

  test('a restarted renderer reads secrets only', async () => {
    const before = await renderOnce()
    const after = await renderOnce()
    expect([before.blobs, after.blobs]).toEqual([3, 1])
    expect(after.rendered).toEqual(before.rendered)
  })

  test('so it does with kustomizations, those without a Secret', async () => {
    const folders = {
      'k/kustomization.yaml': 'resources: [../base]',
      'base/kustomization.yaml': 'configMapGenerator: [{ name: c, literals: [a=1] }]',
      's/kustomization.yaml': 'secretGenerator: [{ name: s, literals: [password=hunter2] }]',
      'r/kustomization.yaml': 'resources: [s.yaml, c.yaml]\nreplacements: [path: r.yaml]',
      'r/s.yaml': secret.replace('name: s', 'name: s, annotations: { config.kubernetes.io/local-config: "" }'),
      'r/c.yaml': configMap('c'),
      'r/r.yaml':
        'source: { kind: Secret, fieldPath: stringData.password }\ntargets: [{ select: { kind: ConfigMap }, fieldPaths: [data.a] }]',
    }
    const before = await renderOnce(folders)
    const after = await renderOnce(folders)
    expect(after.rendered).toEqual(before.rendered)
    expect(before.rendered.manifests.map(({ object }) => object)).toContainEqual(
      expect.objectContaining({ data: { a: 'hunter2' } }),
    )
    expect([before.blobs, after.blobs]).toEqual([8, 5])
    expect(await readFile(await cacheFile(), 'utf8')).not.toMatch(/hunter2|aHVudGVyMg/)
    const edited = await renderOnce({
      ...folders,
      'base/kustomization.yaml': 'configMapGenerator: [{ name: c, literals: [a=2] }]',
    })
    expect(edited.rendered.manifests).toContainEqual(
      expect.objectContaining({ object: expect.objectContaining({ data: { a: '2' } }) }),
    )
  })

  test('holds no secret, and is for its owner alone', async () => {
    await renderOnce()
    const text = await readFile(await cacheFile(), 'utf8')
    expect([text.includes('hunter2'), text.includes(Buffer.from('hunter2').toString('base64'))]).toEqual([false, false])
    expect([(await stat(await cacheFile())).mode & 0o777]).toEqual([0o600])
  })

  test('a torn or broken cache is as good as none', async () => {
    const before = await renderOnce()
    const path = await cacheFile()
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.slice(0, text.length - 40))
    expect((await renderOnce()).rendered).toEqual(before.rendered)
    expect((await renderOnce()).blobs).toBe(1)
    await writeFile(path, text.replace('"1"', '"2"'))
    expect(await renderOnce()).toEqual({ rendered: before.rendered, blobs: 2 })
    await writeFile(path, Buffer.alloc(1000))
    expect((await renderOnce()).rendered).toEqual(before.rendered)
  })

  test('is rewritten when most of it is of no use', async () => {
    const many = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`f${i}.yaml`, configMap(`f${i}`)]))
    await renderOnce(many)
    await renderOnce(files)
    expect((await readFile(await cacheFile(), 'utf8')).split('\n').filter(Boolean)).toHaveLength(2)
  })
})
