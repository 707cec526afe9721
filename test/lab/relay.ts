/**
 * What runs on each machine of the lab so that the lab can connect from there: on its Unix socket it reads `HOST PORT`,
 * answers `ok` or why not, and then joins the two connections. Ends with its machine.
 */
export const relayProgram = `
const net = require('node:net')
net.createServer({ allowHalfOpen: true }, client => {
  client.on('error', () => {})
  client.once('data', line => {
    const [host, port] = line.toString().trim().split(' ')
    const target = net.connect({ host, port: Number(port), allowHalfOpen: true })
    let connected = false
    target.setTimeout(5000, () => connected || target.destroy(new Error('no answer in 5 s')))
    target.on('error', error => {
      if (connected) client.destroy()
      else client.end(error.message + '\\n')
    })
    target.once('connect', () => {
      connected = true
      target.setTimeout(0)
      client.write('ok\\n')
      client.pipe(target).pipe(client)
    })
    client.once('close', () => target.destroy())
  })
}).listen(process.argv[1], () => console.log('ready'))
`
