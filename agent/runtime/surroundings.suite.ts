/** What a container finds around it: variables, names, volumes. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Ground } from './runtime.fixture.ts'
import { until } from './runtime.fixture.ts'

export function surroundingsSuite(ground: Ground): void {
  const { container, ran, textOf, asOwner } = ground

  test('gives its own environment and nothing else', async () => {
    const env = { GREETING: `it's "quoted" $HOME\nand more`, EMPTY: '', 'my.var': 'dotted', PATH: '/usr/bin:/bin' }
    // As /proc has it: a shell leaves out what it cannot name.
    const { lines } = await ran(container('', { env, command: ['cat', '/proc/self/environ'], args: [] }))
    const variables = lines
      .join('\n')
      .split('\0')
      .filter(text => !/^(PWD|OLDPWD|SHLVL|_|GANTRY_\w+|HOME)=|^$/.test(text))
    expect(variables.sort()).toEqual([
      'EMPTY=',
      'GREETING=it\'s "quoted" $HOME\nand more',
      'HOSTNAME=web-0',
      'PATH=/usr/bin:/bin',
      'my.var=dotted',
    ])
  })

  test('knows its name and its hosts', async context => {
    context.skip(ground.runtime.mountsRefused !== undefined, 'needs files of its own')
    const { lines } = await ran(container('cat /proc/sys/kernel/hostname /etc/hosts /etc/resolv.conf'))
    expect(lines).toEqual(
      expect.arrayContaining([
        'web-0',
        `${ground.pod.ip}\tweb-0`,
        '192.0.2.7\telsewhere\telsewhere.example',
        'nameserver 192.0.2.53',
        'search shop.svc.cluster.local',
        'options ndots:5',
      ]),
    )
  })

  test('mounts volumes where nothing was, read-only where asked, one within another', async context => {
    context.skip(ground.runtime.mountsRefused !== undefined, 'refused by name')
    await writeFile(join(ground.volume, 'config'), 'from the host\n')
    const mounts = [
      { hostPath: join(ground.volume, 'data'), containerPath: '/gantry-test/deep/data', readOnly: false },
      { hostPath: ground.volume, containerPath: '/gantry-test', readOnly: false },
      { hostPath: ground.volume, containerPath: '/opt/readonly', readOnly: true },
      { hostPath: join(ground.volume, 'config'), containerPath: '/etc/gantry-test.conf', readOnly: true },
    ]
    const script = [
      'cat /etc/gantry-test.conf',
      'echo written >/gantry-test/deep/data/file && echo wrote',
      '(echo no >/opt/readonly/file) 2>/dev/null || echo refused',
      '(echo no >/etc/gantry-test.conf) 2>/dev/null || echo refused too',
    ].join('\n')
    const { lines } = await ran(container(script, { mounts, ...asOwner() }))
    expect(lines).toEqual(['from the host', 'wrote', 'refused', 'refused too'])
    expect(await readFile(join(ground.volume, 'data/file'), 'utf8')).toBe('written\n')
    for (const path of ['/gantry-test', '/opt/readonly', '/etc/gantry-test.conf'])
      await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  test('what a container makes, and what is made for it, is for others to read', async context => {
    context.skip(ground.runtime.mountsRefused !== undefined, 'refused by name')
    await writeFile(join(ground.volume, 'greeting'), 'hello\n')
    const mounts = [
      { hostPath: join(ground.volume, 'data'), containerPath: '/gantry-test/deep/data', readOnly: false },
      { hostPath: join(ground.volume, 'greeting'), containerPath: '/gantry-other/deep/greeting', readOnly: true },
    ]
    const { id } = await ground.runtime.startContainer(
      container('umask; cat /gantry-other/deep/greeting; sleep 1000', { mounts }),
    )
    const lines = await until(
      () => textOf(id, { follow: false }),
      seen => seen.length > 1,
    )
    expect(lines).toEqual(['0022', 'hello'])
    const command = ['/bin/sh', '-c', 'umask; echo /gantry-*/deep/*']
    expect(await ground.runtime.exec(id, { command, timeoutMs: 5000 })).toEqual({
      exitCode: 0,
      output: '0022\n/gantry-other/deep/greeting /gantry-test/deep/data\n',
    })
  })

  test('what cannot be set up is told in the words of what forbade it, and may be tried again', async context => {
    context.skip(ground.runtime.mountsRefused !== undefined, 'refused by name')
    const mounts = [{ hostPath: join(ground.volume, 'data'), containerPath: '/etc/hosts/data', readOnly: false }]
    const broken = container('true', { mounts })
    await expect(ground.runtime.startContainer(broken)).rejects.toMatchObject({
      reason: 'RunContainerError',
      message: expect.stringMatching(/\/etc\/hosts/),
    })
    expect((await ground.runtime.list()).find(one => one.podUid === ground.pod.podUid)?.containers).toEqual([])
    expect((await ran(container('echo mended'))).lines).toEqual(['mended'])
  })

  test('a read-only root can be written in volumes only', async context => {
    context.skip(ground.runtime.mountsRefused !== undefined, 'refused by name')
    const mounts = [{ hostPath: join(ground.volume, 'data'), containerPath: '/gantry-test', readOnly: false }]
    const script = '(echo x >/etc/x) 2>/dev/null || echo refused; echo y >/gantry-test/y && echo wrote'
    const spec = container(script, {
      mounts,
      securityContext: { ...asOwner().securityContext, readOnlyRootFilesystem: true },
    })
    expect((await ran(spec)).lines).toEqual(['refused', 'wrote'])
  })

  test('a container with a mount has it, or is refused by name', async () => {
    const mounts = [{ hostPath: join(ground.volume, 'data'), containerPath: '/data', readOnly: false }]
    const started = ground.runtime.startContainer(container('test -d /data', { mounts }))
    if (ground.runtime.mountsRefused === undefined)
      await expect(started).resolves.toMatchObject({ podUid: ground.pod.podUid })
    else await expect(started).rejects.toThrow('mounts a volume at /data')
  })
}
