import { Script, createContext } from 'node:vm'

const context: { run?: () => void } = createContext({})
const call = new Script('run()')

/** What a function gives, or undefined where it took longer: it is stopped, even in a loop or a regular expression. */
export function within<Result>(milliseconds: number, run: () => Result): Result | undefined {
  let result: Result | undefined
  context.run = () => {
    result = run()
  }
  try {
    call.runInContext(context, { timeout: Math.max(1, Math.ceil(milliseconds)) })
    return result
  } catch (error) {
    if (isTimeout(error)) return undefined
    throw error
  } finally {
    delete context.run
  }
}

/** The error is the context's own: no instance of the Error of this one. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}
