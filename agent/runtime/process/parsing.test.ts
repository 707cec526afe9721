import { expect, test } from 'vitest'
import { hostsFile, resolvFile } from '../sandbox-files.ts'
import { environmentFile } from './environment.ts'
import { parseListening } from './listeners.ts'

test('sockets that listen, in both families', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
    '   1: 0100007F:1F91 0200007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 112 1 0 100 0 0 10 0',
    '   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0     0        0 113 1',
    '   3: 0000000000000000FFFF00000500007F:0051 00000000000000000000000000000000:0000 0A 0:0 00:0 0     0        0 114 1',
    '   4: B80D0120000000000000000001000000:0052 00000000000000000000000000000000:0000 0A 0:0 00:0 0     0        0 115 1',
    '',
  ].join('\n')
  expect(parseListening(text)).toEqual([
    { address: '127.0.0.1', port: 8080, inode: '111' },
    { address: '::', port: 80, inode: '113' },
    { address: '127.0.0.5', port: 81, inode: '114' },
    { address: '2001:db8::1', port: 82, inode: '115' },
  ])
})

test('an environment: quoted for sh, and what sh cannot name left to env', () => {
  expect(environmentFile({ B: "it's\n$(boom)", A: '', 'a.b': 'c d', UID: '7' })).toBe(
    `set -- "$env" -- 'UID=7' 'a.b=c d' "$@"\nexport A=''\nexport B='it'\\''s\n$(boom)'\n`,
  )
})

test('hosts and resolv.conf', () => {
  const hosts = hostsFile({
    ip: '10.0.0.7',
    hostname: 'web-0',
    hostAliases: [{ ip: '192.0.2.7', hostnames: ['a', 'b'] }],
  })
  expect(hosts.split('\n').slice(-3)).toEqual(['10.0.0.7\tweb-0', '192.0.2.7\ta\tb', ''])
  const dns = {
    nameservers: ['10.0.0.1'],
    searches: ['x.svc', 'svc'],
    options: [{ name: 'ndots', value: '5' }, { name: 'rotate' }],
  }
  expect(resolvFile(dns)).toBe('nameserver 10.0.0.1\nsearch x.svc svc\noptions ndots:5 rotate\n')
  expect(resolvFile({ nameservers: [], searches: [], options: [] })).toBe('')
})
