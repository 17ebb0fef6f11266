import { createClient } from 'redis'
import { until } from '../support/until.js'

/** Redis' own MONITOR: every command of every client, in its order. */
export interface RedisMonitor {
  /**
   * The commands that ran while `work` did; without those that only keep connections and
   * see whether Redis is there.
   */
  during(work: () => Promise<unknown>): Promise<string[]>
  /** Resolves once a command with this text has come since it was asked. */
  hears(text: string): Promise<void>
  close(): void
}

export async function monitorRedis(url: string): Promise<RedisMonitor> {
  const ear = createClient({ url }).on('error', () => undefined)
  const mouth = createClient({ url }).on('error', () => undefined)
  await Promise.all([ear.connect(), mouth.connect()])
  let lines: string[] = []
  await ear.monitor((line) => void lines.push(line))
  let fences = 0

  /** What was said so far has been heard when this has. */
  async function fence(): Promise<void> {
    fences += 1
    const word = `fence ${String(fences)}`
    await mouth.echo(word)
    await until(() => lines.some((line) => line.includes(word)))
  }

  return {
    async during(work) {
      await fence()
      lines = []
      await work()
      await fence()
      return lines
        .map((line) => line.slice(line.indexOf('"')))
        .filter((command) => !/^"(ping|echo|hello|client)"|:probe-\d+\}/i.test(command))
    },
    hears(text) {
      const from = lines.length
      return until(() => lines.slice(from).some((line) => line.includes(text)))
    },
    close() {
      ear.destroy()
      mouth.destroy()
    },
  }
}
