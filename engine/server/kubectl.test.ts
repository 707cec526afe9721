import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { kubeconfig } from './kubeconfig.ts'
import { exampleCluster, pod } from './objects.fixture.ts'
import type { ServerFixture } from './server.fixture.ts'
import { examplePod, startServer, token } from './server.fixture.ts'

const run = promisify(execFile)

describeWith(['kubectl'], 'a real kubectl', () => {
  let server: ServerFixture
  let home: string
  let env: NodeJS.ProcessEnv

  beforeAll(async () => {
    server = await startServer()
    home = mkdtempSync(join(tmpdir(), 'gantry-kubectl-'))
    env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'kubeconfig') }
    const text = kubeconfig({ cluster: 'hello', server: server.tls.url, caPem: server.tls.caPem, token })
    writeFileSync(join(home, 'kubeconfig'), text, { mode: 0o600 })
    server.put(...exampleCluster)
  })
  afterAll(async () => {
    await server.close()
    rmSync(home, { recursive: true })
  })

  /** What it prints, runs of spaces as one. */
  async function kubectl(...args: string[]): Promise<string[]> {
    const { stdout, stderr } = await run('kubectl', args, { env, timeout: 20_000 }).catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    return (stdout + stderr)
      .trimEnd()
      .split('\n')
      .map(line =>
        line
          .replaceAll(/ +/g, ' ')

          .trim(),
      )
  }

  test.each([
    [
      'get pods -A',
      [
        'NAMESPACE NAME READY STATUS RESTARTS AGE',
        'shop web-5d8f-abcde 1/1 Running 3 (20h ago) 20h',
        'shop web-5d8f-fghij 0/1 Pending 0 20h',
      ],
    ],
    [
      'get pods -n shop -o wide --field-selector spec.nodeName=node-1',
      [
        'NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES',
        'web-5d8f-abcde 1/1 Running 3 (20h ago) 20h 10.244.0.7 node-1 <none> <none>',
      ],
    ],
    [
      'get deploy -n shop -o wide',
      ['NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR', 'web 1/2 2 1 20h web example/web:1 app=web'],
    ],
    ['get rs -n shop', ['NAME DESIRED CURRENT READY AGE', 'web-5d8f 2 2 1 20h', 'web-77aa 0 0 0 20h']],
    [
      'get svc -n shop -o wide',
      [
        'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR',
        'web NodePort 10.96.0.10 <none> 80:30080/TCP,9090:30090/TCP 20h app=web',
      ],
    ],
    ['get endpointslices -n shop', ['NAME ADDRESSTYPE PORTS ENDPOINTS AGE', 'web-x1 IPv4 8080,9090 10.244.0.7 20h']],
    ['get cm -n shop', ['NAME DATA AGE', 'greeting 2 20h']],
    ['get secret -n shop', ['NAME TYPE DATA AGE', 'login Opaque 1 20h']],
    ['get no', ['NAME STATUS ROLES AGE VERSION', 'node-1 Ready worker 20h v0.1.0']],
    ['get ns', ['NAME STATUS AGE', 'shop Active 20h']],
    ['get role -n shop', ['NAME AGE', 'reader 20h']],
    [
      'get events -n shop --field-selector type=Warning',
      [
        'LAST SEEN TYPE REASON OBJECT MESSAGE',
        '20h Warning BackOff pod/web-5d8f-abcde Back-off restarting failed container',
      ],
    ],
    ['get pods -n shop -l app=web,pod-template-hash!=5d8f', ['No resources found in shop namespace.']],
    ['get pods -A --chunk-size 1 -o name', ['pod/web-5d8f-abcde', 'pod/web-5d8f-fghij']],
    ['get pod gone -n shop', ['Error from server (NotFound): pods "gone" not found']],
    ['get sts', ['error: the server doesn\'t have a resource type "sts"']],
    ['get pods -n shop -o jsonpath={.items[*].status.phase}', ['Running Pending']],
    ['get -n shop secret login -o go-template={{.data.password}}', ['aHVudGVyMjI=']],
    [
      'logs -n shop deploy/web --tail 5',
      [
        'line 1 of web',
        'line 2',
        'Found 2 pods, using pod/web-5d8f-abcde',
        'Defaulted container "web" out of: web, migrate (init)',
      ],
    ],
    ['api-versions', expect.arrayContaining(['apps/v1', 'discovery.k8s.io/v1', 'gantry.dev/v1', 'v1'])],
    ['get --raw /readyz', ['ok']],
  ])('%s', async (line, expected) => {
    expect(await kubectl(...line.split(' '))).toEqual(expected)
  })

  test('writes are refused with the remedy', async () => {
    const answer = await kubectl('delete', 'pod', pod.metadata.name, '-n', 'shop')
    expect(answer.join(' ')).toContain('change the followed branch and push (or run gantry rollback)')
  })

  test('events of an object', async () => {
    expect(await kubectl('events', '-n', 'shop', '--for', 'pod/web-5d8f-abcde')).toEqual([
      'LAST SEEN TYPE REASON OBJECT MESSAGE',
      '20h (x3 over 20h) Normal Started Pod/web-5d8f-abcde Started container web',
      '20h Warning BackOff Pod/web-5d8f-abcde Back-off restarting failed container',
    ])
  })

  test('-w shows changes as they come', async () => {
    const child = spawn('kubectl', ['get', 'pods', '-n', 'live', '-w', '--output-watch-events'], { env })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const rows = (): string[] => output.split('\n').map(line => line.split(/ +/).slice(0, 2).join(' '))
    server.put(examplePod('a', { namespace: 'live' }))
    await expect.poll(rows, { timeout: 10_000 }).toContain('ADDED a')
    server.put(examplePod('a', { namespace: 'live' }), examplePod('b', { namespace: 'live' }))
    server.remove(examplePod('a', { namespace: 'live' }))
    await expect.poll(rows).toEqual(['EVENT NAME', 'ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a', ''])
    child.kill()
  })
})
