import { expect, test } from 'vitest'
import type { ContainerSpec, SandboxSpec } from '../runtime.ts'
import { containerOptions, resourcesOf, sandboxOptions } from './create-options.ts'
import { pidOf } from './exec.ts'
import { logLines } from './log-stream.ts'
import { pauseProgram } from './pause.ts'
import { tarOf } from './tar.ts'

const owner = { clusterUid: 'c-1', nodeName: 'n-1' }
const spec: ContainerSpec = {
  podUid: 'u-1',
  namespace: 'shop',
  podName: 'web-0',
  name: 'main',
  attempt: 2,
  image: 'web:1',
  env: { B: '2', A: '1' },
  mounts: [{ hostPath: '/v', containerPath: '/data', readOnly: true }],
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  stdin: false,
  tty: false,
}
const labels = {
  'dev.gantry.cluster': 'c-1',
  'dev.gantry.node': 'n-1',
  'dev.gantry.pod.uid': 'u-1',
  'dev.gantry.pod.namespace': 'shop',
  'dev.gantry.pod.name': 'web-0',
}
const context = {
  owner,
  image: 'web:1',
  sandboxId: 's-1',
  shared: [
    { hostPath: '/f/hosts', containerPath: '/etc/hosts', readOnly: false },
    { hostPath: '/f/data', containerPath: '/data', readOnly: false },
  ],
}
const bind = (Source: string, Target: string, ReadOnly: boolean) => ({
  Type: 'bind',
  Source,
  Target,
  ReadOnly,
  BindOptions: { Propagation: 'rprivate' },
})

test('a container as Docker takes it; a volume hides a shared file', () => {
  expect(containerOptions(spec, context)).toEqual({
    name: 'gantry_shop_web-0_main_2_u-1',
    Image: 'web:1',
    Labels: { ...labels, 'dev.gantry.role': 'container', 'dev.gantry.container': 'main', 'dev.gantry.attempt': '2' },
    Env: ['A=1', 'B=2'],
    OpenStdin: false,
    Tty: false,
    HostConfig: {
      NetworkMode: 'container:s-1',
      IpcMode: 'container:s-1',
      Mounts: [bind('/v', '/data', true), bind('/f/hosts', '/etc/hosts', false)],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      RestartPolicy: { Name: '' },
      Privileged: false,
      ReadonlyRootfs: false,
      CpuShares: 2,
    },
  })
})

test.each([
  { name: "command hides the image's Cmd", given: { command: ['a'] }, found: { Entrypoint: ['a'] } },
  { name: 'args alone replace Cmd', given: { args: ['b'] }, found: { Cmd: ['b'] } },
  { name: 'both', given: { command: ['a'], args: ['b'] }, found: { Entrypoint: ['a'], Cmd: ['b'] } },
  { name: 'user', given: { podSecurityContext: { runAsUser: 5 } }, found: { User: '5' } },
  {
    name: 'user and group, the container before the pod',
    given: { podSecurityContext: { runAsUser: 5, runAsGroup: 6 }, securityContext: { runAsUser: 7 } },
    found: { User: '7:6' },
  },
  {
    name: 'security',
    given: {
      podSecurityContext: { fsGroup: 9, supplementalGroups: [8, 9] },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      },
    },
    found: {
      HostConfig: expect.objectContaining({
        GroupAdd: ['8', '9'],
        ReadonlyRootfs: true,
        SecurityOpt: ['no-new-privileges'],
        CapAdd: ['NET_ADMIN'],
        CapDrop: ['ALL'],
      }),
    },
  },
])('a container: $name', ({ given, found }) => {
  expect(containerOptions({ ...spec, ...given }, context)).toMatchObject(found)
})

test.each([
  { name: 'nothing', given: {}, found: { CpuShares: 2 } },
  { name: 'a request', given: { requests: { cpu: '250m', memory: '1Gi' } }, found: { CpuShares: 256 } },
  {
    name: 'limits stand for requests',
    given: { limits: { cpu: '1500m', memory: '64Mi' } },
    found: { CpuShares: 1536, CpuPeriod: 100_000, CpuQuota: 150_000, Memory: 67_108_864, MemorySwap: 67_108_864 },
  },
  { name: 'the least', given: { limits: { cpu: '1m' } }, found: { CpuShares: 2, CpuPeriod: 100_000, CpuQuota: 1000 } },
])('resources: $name', ({ given, found }) => {
  expect(resourcesOf(given)).toEqual(found)
})

const sandbox: SandboxSpec = {
  podUid: 'u-1',
  namespace: 'shop',
  name: 'web-0',
  hostname: 'web',
  ip: '10.0.0.7',
  hostNetwork: false,
  hostAliases: [],
  ports: [
    { containerPort: 80, hostPort: 8080, protocol: 'TCP' },
    { containerPort: 81, protocol: 'TCP' },
  ],
  labels: {},
}
const held = {
  IpcMode: 'shareable',
  ReadonlyRootfs: true,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  LogConfig: { Type: 'none', Config: {} },
  RestartPolicy: { Name: '' },
}
test.each([
  {
    name: 'with its given address and host port',
    given: sandbox,
    found: {
      Hostname: 'web',
      HostConfig: { NetworkMode: 'net', ...held, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
      NetworkingConfig: { EndpointsConfig: { net: { IPAMConfig: { IPv4Address: '10.0.0.7' } } } },
    },
  },
  {
    name: "on the host's network",
    given: { ...sandbox, hostNetwork: true },
    found: { HostConfig: { NetworkMode: 'host', ...held } },
  },
])('a sandbox $name', ({ given, found }) => {
  const made = sandboxOptions(given, { owner, image: 'pause:1', network: 'net', givenAddress: true })
  expect(made).toEqual({
    name: 'gantry_shop_web-0_u-1',
    Image: 'pause:1',
    Labels: { ...labels, 'dev.gantry.role': 'sandbox' },
    ...found,
  })
})

function frame(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

test('log frames, cut anywhere, become lines; pieces of a long line are joined', () => {
  const bytes = Buffer.concat([
    frame(1, '2026-01-01T00:00:00.1Z one\n'),
    frame(2, '2026-01-01T00:00:00Z oops\n'),
    frame(1, '2026-01-01T00:00:02.000000001Z long '),
    frame(1, '2026-01-01T00:00:03Z ünd line\n'),
    frame(1, '2026-01-01T00:00:04Z rest'),
  ])
  const expected = [
    { time: '2026-01-01T00:00:00.100000000Z', stream: 'stdout', text: 'one' },
    { time: '2026-01-01T00:00:00.000000000Z', stream: 'stderr', text: 'oops' },
    { time: '2026-01-01T00:00:02.000000001Z', stream: 'stdout', text: 'long ünd line' },
    { time: '2026-01-01T00:00:04.000000000Z', stream: 'stdout', text: 'rest' },
  ]
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const lines = logLines(true)
    const found = [...lines.push(bytes.subarray(0, cut)), ...lines.push(bytes.subarray(cut)), ...lines.end()]
    expect(found).toEqual(expected)
  }
})

test("a terminal's log has no frames", () => {
  const lines = logLines(false)
  const found = [...lines.push(Buffer.from('2026-01-01T00:00:00Z a\r\n2026-01-01T00:00:01Z b')), ...lines.end()]
  expect(found.map(line => line.text)).toEqual(['a', 'b'])
})

test.each([
  { architecture: 'x86_64', machine: 62, bytes: 228, ends: '31ff0f05' },
  { architecture: 'aarch64', machine: 183, bytes: 256, ends: '010000d4' },
] as const)('the pause program of $architecture', ({ architecture, machine, bytes, ends }) => {
  const program = pauseProgram(architecture)
  expect(program.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  expect({
    machine: program.readUInt16LE(18),
    bytes: program.length,
    ends: program.subarray(-4).toString('hex'),
  }).toEqual({ machine, bytes, ends })
  // The entry point is an offset of the file, right behind the data.
  expect(Number(program.readBigUInt64LE(24)) - 0x400000).toBe(160)
})

test('an archive that tar reads', () => {
  const archive = tarOf('pause', Buffer.from('abc'))
  expect(archive.length % 512).toBe(0)
  expect(archive.toString('latin1', 257, 262)).toBe('ustar')
  expect(archive.toString('latin1', 512, 515)).toBe('abc')
})

const before = { Running: false, Pid: 0, ExitCode: null }
const begun = { Running: true, Pid: 0, ExitCode: null }
test.each([
  { name: 'that runs', said: [{ Running: true, Pid: 7, ExitCode: null }], pid: 7 },
  {
    name: 'that runs before the Engine knows',
    said: [before, begun, begun, { Running: true, Pid: 7, ExitCode: null }],
    pid: 7,
  },
  { name: 'that ended meanwhile', said: [begun, { Running: false, Pid: 7, ExitCode: 0 }], pid: undefined },
  { name: 'of an Engine that has an exit code from the start', said: [{ Running: true, Pid: 7, ExitCode: 0 }], pid: 7 },
])('the process of a command $name', async ({ said, pid }) => {
  const answers = said.values()
  expect(await pidOf(async () => answers.next().value ?? expect.unreachable())).toBe(pid)
})
