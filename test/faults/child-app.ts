import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Target } from './fault-app.js'
import { createPhone } from './load.js'

export const childScript = join(__dirname, 'app-process.mjs')

/** What the app says of its process. */
export interface Stats {
  /** Resident memory, after a garbage collection, in bytes. */
  rss: number
  heapUsed: number
  /** Requests it has not answered. */
  pending: number
  /** The most there were at once since it was asked last. */
  mostPending: number
}

/** An app in a process of its own, on the built package. */
export interface ChildApp extends Target {
  stats(): Promise<Stats>
  /** Fetches codes in advance: a load has no time to. */
  stockCodes(n: number): Promise<void>
  /** Undefined while the process lives; otherwise how it ended, and its last words. */
  ended(): string | undefined
  stop(): Promise<void>
}

export interface ChildAppOptions {
  client: 'createRedis' | 'defaults' | 'best options'
  redisUrl: string
  /** Where it is to find other packages than those of this repository. */
  script?: string
}

async function firstLine(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text)
    })
    child.once('exit', () => reject(new Error(`the app ended before it was ready: ${output()}`)))
  })
}

export async function startChildApp(options: ChildAppOptions): Promise<ChildApp> {
  const { client, redisUrl, script = childScript } = options
  const child = spawn(process.execPath, ['--expose-gc', script, client, redisUrl], {
    // It ends with its standard input, also where this process is killed.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'test', NODE_OPTIONS: '' },
  })
  let said = ''
  let ended: string | undefined
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const exited = once(child, 'close').then(([code]) => {
    ended = `exit code ${String(code)}\n${said}`
  })
  const { port } = JSON.parse(await firstLine(child, () => said)) as { port: number }
  const phone = createPhone(`http://127.0.0.1:${String(port)}`)
  const codes: string[] = []
  const ask = async (path: string): Promise<Record<string, unknown>> =>
    (await phone.send({ kind: 'test', method: 'POST', path })).body
  const app: ChildApp = {
    phone,
    code() {
      const code = codes.pop()
      if (code === undefined) throw new Error('no codes left: stockCodes() with more')
      return code
    },
    async stockCodes(n) {
      codes.push(...((await ask(`/codes/${String(n)}`)) as { codes: string[] }).codes)
    },
    stats: async () => (await ask('/stats')) as unknown as Stats,
    ended: () => ended,
    async stop() {
      phone.close()
      // An end() that is under way when the child is gone keeps Node 20 from ending itself.
      child.stdin.destroy()
      await exited
    },
  }
  await app.stockCodes(20)
  return app
}
