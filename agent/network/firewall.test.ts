import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { admitPeers, ensureFirewall, removeFirewall } from './firewall.ts'

const execute = promisify(execFile)
const firewall = { clusterUid: 'c', bridge: `gt${process.pid}`, podCIDR: '10.251.7.0/24' }

describeWith(['root', 'nft'], 'a node without iptables', () => {
  const { PATH = '' } = process.env
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-firewall-'))
    const { stdout } = await execute('sh', ['-c', 'command -v nft'])
    symlinkSync(stdout.trim(), join(folder, 'nft'))
    process.env['PATH'] = folder
  })
  afterAll(async () => {
    await removeFirewall(firewall)
    process.env['PATH'] = PATH
    rmSync(folder, { recursive: true })
  })

  /** The rules of our tables, without what nft adds. */
  async function rules(): Promise<readonly string[]> {
    const { stdout } = await execute('nft', ['list', 'ruleset'])
    const ours = stdout.split(/^(?=table )/m).filter(table => table.includes(firewall.bridge))
    return ours.flatMap(table => table.match(/^.*(?:masquerade|drop)$/gm) ?? []).map(line => line.trim())
  }
  const outside = [
    `ip saddr 10.251.7.0/24 oifname != "${firewall.bridge}*" masquerade`,
    `ip saddr != 10.251.7.0/24 oifname "${firewall.bridge}-vx" masquerade`,
    `ip saddr != 10.251.7.0/24 oifname "${firewall.bridge}-wg" masquerade`,
  ]
  const peers = 'udp dport 7421 ip saddr != { 192.0.2.1, 192.0.2.2 } drop'

  test('nft does what iptables would: peers come and go, an agent that starts changes nothing of them', async () => {
    expect(await ensureFirewall(firewall)).toEqual([])
    expect(await rules()).toEqual(outside)
    await admitPeers(firewall, ['192.0.2.1', '192.0.2.2'])
    await ensureFirewall(firewall)
    expect([...(await rules())].sort()).toEqual([...outside, peers].sort())
    await admitPeers(firewall, [])
    expect(await rules()).toContain('udp dport 7421 drop')
    await removeFirewall(firewall)
    expect(await rules()).toEqual([])
  })

  test('with neither, peers are refused: anybody could speak for pods', async () => {
    process.env['PATH'] = join(folder, 'none')
    try {
      await expect(admitPeers(firewall, ['192.0.2.1'])).rejects.toThrow(
        'pods of other nodes are not reached: neither iptables (not installed) nor nft (not installed) could be told ' +
          "to take packets from the cluster's nodes alone; install one of them",
      )
    } finally {
      process.env['PATH'] = folder
    }
  })
})
