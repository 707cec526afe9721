import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeWith } from '../../../test/needs.ts'
import { writeKubectlYaml } from '../kubectl-yaml.ts'
import { buildKustomization } from './build.ts'
import { memoryTree } from '../memory-tree.fixture.ts'

const cm = (data: string, name = 'c') => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n${data}`
const deploy = (more = '', pod = '') =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector: {matchLabels: {a: b}}\n${more}  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: one\n        image: nginx:1\n        ports:\n        - containerPort: 80\n        - {containerPort: 90, protocol: UDP}\n        env: [{name: A, value: "1"}, {name: B, value: "2"}]\n      - name: two\n        image: reg:5000/app@sha256:abc\n${pod}`
const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  words: {
    'kustomization.yaml': 'resources: [a.yaml]',
    'a.yaml': cm(
      '  a: yes\n  b: on\n  c: y\n  d: "yes"\n  e: 1.0\n  f: 0644\n  g: 1e3\n  h: 2001-01-01\n  i: ~\n  j: 1_000\n  k: .5\n  l: 0x1F\n  m: 0o17\n',
    ),
  },
  texts: {
    'kustomization.yaml': 'resources: [a.yaml]',
    'a.yaml': cm(
      '  a: "2001-01-01"\n  b: "12:30:45"\n  c: "<<"\n  d: "a\\tb"\n  e: " lead"\n  f: "trail "\n  g: "x\\ny"\n  h: "x\\n\\n"\n  i: "\\nx"\n  j: " x\\ny"\n  k: "x \\ny"\n  l: "- a"\n  m: "a: b"\n  n: "#x"\n  o: "x #y"\n  p: "é😀"\n  q: "null"\n  r: "1e3"\n  s: "0x1F"\n  t: ""\n  u: "it\'s"\n  v: "@x"\n  w: "=x"\n  x: "="\n  y: "0o17"\n  z: "1_000"\n  a10: b\n  a9: c\n  A: d\n  _x: e\n  ? "k\\nl"\n  : m\n  aa: "?x"\n  ab: "? x"\n  ac: "~"\n  ad: "-"\n  ae: "!x"\n  af: "a,b"\n  ag: "x:"\n  ah: "%x"\n  aj: "x\\r\\ny"\n  ak: ":x"\n  al: "---"\n  am: "2001-01-01T00:00:00Z"\n  an: "1:2"\n  ao: "01"\n  ap: ".inf"\n',
    ),
  },
  numbers: {
    'kustomization.yaml': 'resources: [a.yaml]',
    'a.yaml':
      'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\nspec: {a: 1.5, b: 1234567.5, c: 1e21, d: 1e-7, e: 100000000000000000000, f: -0.0, g: 12345678.0, h: 0.00001, i: 123456.75, j: 1e6, k: [], l: {}, m: [[1,[2]],[]], n: [{a: [1]}]}\n',
  },
  long: {
    'kustomization.yaml': 'resources: [a.yaml]',
    'a.yaml': cm(
      `  a: "${'word '.repeat(60)}x"\n  b: "'${'wo  rd '.repeat(60)}x"\n  c: "\\t${'word  w '.repeat(60)}x"\n  ${'k'.repeat(130)}: v\n  d: ": ${"it's word ".repeat(40)}x"\n`,
    ),
  },
  patches: {
    'kustomization.yaml': 'resources: [d.yaml]\npatches:\n- path: p.yaml\n',
    'd.yaml': deploy(),
    'p.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, annotations: {x: y}}\nspec:\n  replicas: null\n  template:\n    spec:\n      containers:\n      - name: two\n        image: b\n        ports: [{containerPort: 80, name: x}]\n      - name: three\n        image: c\n      - name: one\n        ports: [{containerPort: 90, protocol: UDP, name: y}, {containerPort: 80, protocol: TCP}, {containerPort: 70}]\n        env: [{name: B, $patch: delete}, {name: C, value: "3"}]\n        command: [a, b]\n      volumes: [{name: v, emptyDir: {}}]\n',
  },
  directives: {
    'kustomization.yaml':
      'resources: [d.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    kind: Deployment\n    metadata: {name: any}\n    spec:\n      selector: {$patch: replace, matchLabels: {z: "1"}}\n      template:\n        spec:\n          containers:\n          - $patch: replace\n          - name: only\n            image: o\n',
    'd.yaml': deploy(),
  },
  orders: {
    'kustomization.yaml':
      'resources: [d.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    kind: Deployment\n    metadata: {name: any}\n    spec:\n      strategy: {$retainKeys: [type], type: Recreate}\n      template:\n        spec:\n          $setElementOrder/containers: [{name: two}, {name: one}]\n          containers:\n          - name: one\n            image: o\n',
    'd.yaml': deploy('  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}\n'),
  },
  json: {
    'kustomization.yaml':
      'resources: [d.yaml]\npatches:\n- target: {kind: Dep.*, name: w.b}\n  patch: |-\n    - {op: add, path: /metadata/annotations, value: {a~1b: c}}\n    - {op: add, path: /metadata/annotations/x~1y, value: "1"}\n    - {op: remove, path: /spec/template/spec/containers/0}\n    - {op: copy, from: /spec/replicas, path: /spec/minReadySeconds}\n    - {op: move, from: /spec/replicas, path: /spec/progressDeadlineSeconds}\n    - {op: test, path: /spec/minReadySeconds, value: 1}\n    - {op: add, path: /spec/template/spec/containers/-, value: {name: z}}\n',
    'd.yaml': deploy(),
  },
  images: {
    'kustomization.yaml':
      'resources: [d.yaml]\nimages:\n- {name: nginx, tagSuffix: -x}\n- {name: "reg:5000/app", newTag: v2, digest: "sha256:def"}\n',
    'd.yaml': deploy(),
  },
  replicas: {
    'kustomization.yaml':
      'namePrefix: a-\nresources: [d.yaml]\nreplicas: [{name: web, count: 5}]\ncommonAnnotations: {note: "1"}\nlabels:\n- pairs: {l: m}\n- pairs: {s: t}\n  includeSelectors: true\n',
    'd.yaml': deploy(),
  },
  generators: {
    'kustomization.yaml':
      'namespace: ns\nnameSuffix: -z\ngeneratorOptions: {labels: {g: h}, immutable: true}\nconfigMapGenerator:\n- name: c\n  files: [f.txt, k=b.bin]\n  literals: ["a=b=c", "q=\'x\'", \'d="y"\', "e="]\n  envs: [e.env]\n- name: plain\n  options: {disableNameSuffixHash: true, annotations: {o: p}}\nsecretGenerator:\n- name: s\n  type: kubernetes.io/tls\n  literals: ["tls.crt=' +
      'x'.repeat(200) +
      '", "tls.key=<&>"]\n',
    'f.txt': 'line 1\nline 2',
    'b.bin': 'BIN',
    'e.env': '# c\n\nX=1\n  Y= 2 \nZ="q"\n',
  },
  namespace: {
    'kustomization.yaml': 'namespace: new\nresources: [a.yaml]',
    'a.yaml':
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: old}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: old}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\nsubjects: [{kind: ServiceAccount, name: default, namespace: old}, {kind: ServiceAccount, name: other, namespace: old}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, annotations: {}}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y}\nspec: {}\n',
  },
  replacements: {
    'kustomization.yaml':
      'resources: [d.yaml, c.yaml]\nreplacements:\n- source: {kind: ConfigMap, fieldPath: data.port}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: ["spec.template.spec.containers.[name=one].ports.0.containerPort", spec.replicas, "spec.template.spec.containers.*.env.[name=A].value"]\n    options: {create: true}\n- source: {kind: ConfigMap, fieldPath: data.tag}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: ["spec.template.spec.containers.[name=one].image"]\n    options: {delimiter: ":", index: 1}\n- source: {kind: ConfigMap, name: c}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.annotations.from, "metadata.labels.app\\\\.io/x"]\n    options: {create: true}\n',
    'd.yaml': deploy(),
    'c.yaml': cm('  port: "8080"\n  tag: v9\n'),
  },
  meta: {
    'kustomization.yaml':
      'resources: [d.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\nimages: [{name: nginx, newTag: "2"}]\nlabels: [{pairs: {a: z}}]\nconfigMapGenerator: [{name: g}]',
    'd.yaml': deploy(),
  },
  fifo: {
    'kustomization.yaml': 'sortOptions: {order: fifo}\nresources: [d.yaml, c.yaml]',
    'd.yaml': deploy(),
    'c.yaml': cm('  a: b\n') + '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n',
  },
  sorted: {
    'kustomization.yaml': 'resources: [d.yaml, c.yaml]',
    'd.yaml': deploy(),
    'c.yaml':
      cm('  a: b\n', 'z') +
      '---\n' +
      cm('  a: b\n', 'y') +
      '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z, namespace: b}\n---\napiVersion: a.io/v1\nkind: Zed\nmetadata: {name: z}\n---\napiVersion: b.io/v1\nkind: Abe\nmetadata: {name: z}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: z}\n',
  },
  annotations: {
    'kustomization.yaml': 'resources: [a.yaml]\nnamePrefix: q-',
    'a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {n: "1", t: "true", e: ""}, labels: {}}\ndata: {}\n',
  },
  hpa: {
    'kustomization.yaml': 'namePrefix: q-\nresources: [d.yaml, h.yaml]',
    'd.yaml': deploy(),
    'h.yaml':
      'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 2}\n',
  },
  notes: {
    'kustomization.yaml':
      'resources: [d.yaml, c.yaml]\nnamePrefix: p-\nbuildMetadata: [originAnnotations, transformerAnnotations]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: add, path: /metadata/annotations, value: {a: b}}\n- target: {kind: ConfigMap, name: c}\n  patch: |\n    kind: ConfigMap\n    metadata: {name: x, annotations: {$patch: delete}}\n- target: {kind: ConfigMap, name: z}\n  patch: |\n    kind: ConfigMap\n    metadata: {name: x, annotations: null, labels: null}\n',
    'd.yaml': deploy(),
    'c.yaml': `${cm('  a: b\n').replace('name: c', 'name: c\n  annotations: {q: r}')}---\n${cm('  a: b\n', 'z').replace('name: z', 'name: z\n  annotations: {q: r}')}`,
  },
  unnoted: {
    'kustomization.yaml':
      'resources: [d.yaml]\nbuildMetadata: [transformerAnnotations]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: remove, path: /metadata/annotations}\n- target: {kind: Deployment}\n  patch: |\n    - {op: add, path: /metadata/annotations, value: {a: b}}\n',
    'd.yaml': deploy(),
  },
  values: {
    'kustomization.yaml': 'resources: [d.yaml, c.yaml]\ntransformers: [t.yaml, u.yaml]',
    'd.yaml': deploy(),
    'c.yaml': cm('  path: /a/b\n  rel: a/b/c\n  num: "3"\n'),
    't.yaml':
      'apiVersion: builtin\nkind: ValueAddTransformer\nmetadata: {name: t}\nvalue: "12"\ntargets:\n- {fieldPath: metadata/namespace}\n- {selector: {kind: ConfigMap}, fieldPath: data/path, filePathPosition: 2}\n- {selector: {kind: ConfigMap}, fieldPath: data/rel, filePathPosition: 9}\n- {selector: {kind: ConfigMap}, fieldPath: data/new}\n- {selector: {kind: ConfigMap}, fieldPath: data/fresh, filePathPosition: 1}\n- {selector: {kind: ConfigMap}, fieldPath: data/num}\n- {selector: {kind: Deployment}, fieldPath: "spec/template/spec/containers/0/image", filePathPosition: 1}\n- {selector: {kind: Deployment}, fieldPath: metadata/labels/x}\n',
    'u.yaml':
      'apiVersion: builtin\nkind: ValueAddTransformer\nmetadata: {name: u}\nvalue: v\ntargetFilePath: targets.yaml\n',
    'targets.yaml':
      'targets:\n- {selector: {kind: ConfigMap}, fieldPath: data/last}\n- {selector: {kind: Deployment}, fieldPath: "spec/template/spec/containers/[name=two]/image"}\n',
  },
  unended: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': cm('  a: |\n    text') },
  crd: {
    'kustomization.yaml':
      'resources: [a.yaml]\npatches:\n- patch: |\n    apiVersion: x.io/v1\n    kind: Thing\n    metadata: {name: t}\n    spec: {containers: [{name: b}], z: null, m: {k: null, l: 1}}\n',
    'a.yaml': 'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\nspec: {containers: [{name: a}], z: 1, n: null}\n',
  },
}

// kubectl itself says what is right, to the byte.
describeWith(['kubectl'], 'as kubectl kustomize', () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-kustomize-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  test.each(Object.entries(cases))('%s', (name, files) => {
    const folder = mkdtempSync(join(root, name))
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
    const kubectl = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8', timeout: 20_000 })
    expect(kubectl.status).toBe(0)
    const built = buildKustomization(memoryTree(files), '').resources.map(({ object }) => writeKubectlYaml(object))
    expect(built.join('---\n')).toBe(kubectl.stdout)
  })
})
