/** Asks again and again, as fast as it is answered, and keeps what failed. */
export interface Traffic {
  stop(): Promise<{ answers: number; failures: readonly string[] }>
}

export function pollService(ask: () => Promise<string>): Traffic {
  let stopped = false
  let answers = 0
  const failures: string[] = []
  async function client(): Promise<void> {
    while (!stopped) {
      try {
        if ((await ask()) === '') failures.push(`${new Date().toISOString()} an empty answer`)
        else answers++
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${String(error)}`)
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  const clients = [client(), client()]
  return {
    async stop() {
      stopped = true
      await Promise.all(clients)
      return { answers, failures }
    },
  }
}
