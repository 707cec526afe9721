/**
 * Stand-ins for the voting app's images: the same names, ports and flow (vote → redis → worker → db → result), each
 * reaching the others by their Services' names. Redis is the real one.
 */
import { importImages, type ImageContents } from './images.ts'

const app = `
const http = require('node:http')
const net = require('node:net')

/** One line to a server, one line back. */
function ask(host, port, line) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port }, () => socket.write(line))
    socket.setTimeout(3000, () => socket.destroy(new Error('no answer from ' + host)))
    socket.once('data', data => { resolve(data.toString()); socket.end() })
    socket.once('error', reject)
  })
}
function serve(port, answer) {
  http.createServer((request, response) => {
    answer(request).then(text => response.end(text + '\\n'), error => { response.statusCode = 503; response.end(error.message + '\\n') })
  }).listen(port)
}
const parts = {
  vote: () => serve(80, async request => {
    const choice = new URL(request.url, 'http://vote').searchParams.get('vote')
    if (choice === null) return 'vote with ?vote=a or ?vote=b'
    await ask('redis', 6379, 'RPUSH votes ' + choice + '\\r\\n')
    return 'voted ' + choice
  }),
  result: () => serve(80, () => ask('db', 5432, 'read\\n')),
  worker: async () => {
    for (;;) {
      try {
        const answer = await ask('redis', 6379, 'LPOP votes\\r\\n')
        const choice = answer.startsWith('$-1') ? undefined : answer.split('\\r\\n')[1]
        if (choice !== undefined) await ask('db', 5432, 'add ' + choice + '\\n')
      } catch (error) { console.error(error.message) }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  },
  db: () => {
    const votes = {}
    net.createServer(socket => {
      socket.on('error', () => {})
      socket.on('data', data => {
        const [verb, choice] = data.toString().trim().split(' ')
        if (verb === 'add') votes[choice] = (votes[choice] ?? 0) + 1
        socket.end(JSON.stringify(votes) + '\\n')
      })
    }).listen(5432)
  },
}
process.on('SIGTERM', () => process.exit())
parts[process.argv[2]]()
`

/** What the images hold, and what each is called and runs. */
export function votingImages(redisServer: string): readonly VotingImages[] {
  const node = process.execPath
  return [
    {
      contents: { programs: [node], files: { 'app.js': app } },
      commands: {
        'dockersamples/examplevotingapp_vote': [node, '/app.js', 'vote'],
        'dockersamples/examplevotingapp_result': [node, '/app.js', 'result'],
        'dockersamples/examplevotingapp_worker': [node, '/app.js', 'worker'],
        'postgres:15-alpine': [node, '/app.js', 'db'],
      },
    },
    {
      contents: { programs: [redisServer] },
      commands: { 'redis:alpine': [redisServer, '--save', '', '--appendonly', 'no', '--protected-mode', 'no'] },
    },
  ]
}

export interface VotingImages {
  readonly contents: ImageContents
  readonly commands: Readonly<Record<string, readonly string[]>>
}

/** Imports the images; returns what removes them. */
export function importVotingImages(redisServer: string): () => void {
  const removals = votingImages(redisServer).map(({ contents, commands }) => importImages(contents, commands))
  return () => {
    for (const remove of removals) remove()
  }
}
