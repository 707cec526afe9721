import { expect, test } from 'vitest'
import { quoteWord, unitText } from './unit.ts'

test.each([
  { word: '/usr/bin/node', quoted: '/usr/bin/node' },
  { word: '--label=zone=a', quoted: '--label=zone=a' },
  { word: 'two words', quoted: '"two words"' },
  { word: '50%', quoted: '50%%' },
  { word: '$HOME', quoted: '$$HOME' },
  { word: 'a"b\\c', quoted: '"a\\"b\\\\c"' },
  { word: '', quoted: '""' },
  { word: 'x;y', quoted: '"x;y"' },
])('$word', ({ word, quoted }) => {
  expect(quoteWord(word)).toBe(quoted)
})

test('the unit of an agent leaves its pods alone when it stops', () => {
  expect(
    unitText('agent', { command: ['/usr/bin/node', '/opt/gantry.js', 'agent', '--data', '/var/lib/gantry-agent'] }),
  ).toBe(`[Unit]
Description=Gantry agent: runs the pods of this node
Wants=network-online.target
After=network-online.target docker.service

[Service]
ExecStart=/usr/bin/node /opt/gantry.js agent --data /var/lib/gantry-agent
KillMode=process
Restart=always
RestartSec=1
TimeoutStopSec=30
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`)
})
