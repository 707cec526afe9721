// npm start: installs, builds, runs `gantry up` with the arguments after `--`.
import { spawn } from 'node:child_process'
import { prepare } from './prepare.mjs'

process.chdir(new URL('..', import.meta.url).pathname)
prepare(line => process.stdout.write(`gantry: ${line}\n`))

const gantry = spawn(process.execPath, ['dist/gantry.js', 'up', ...process.argv.slice(2)], { stdio: 'inherit' })
// The terminal sends SIGINT to both; a SIGTERM to npm reaches only this process and is handed on.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => gantry.kill('SIGTERM'))
gantry.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
