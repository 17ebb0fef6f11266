import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createPhone, type Phone } from '../faults/load.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import type { Sandbox } from '../../src/sandbox/index.js'

const clientKinds = ['createRedis', 'createClient', 'createClientPool'] as const
const maxLog = 16 * 1024

/** What a server tells of itself; everything but heap, rss and inFlight: the most since the last sample. */
export interface Sample {
  /** Bytes in use after gc(). */
  heap: number
  rss: number
  /** Requests taken more than 2 s ago and not answered. */
  stale: number
  /** Requests taken and not answered. */
  open: number
  /** The same, now. */
  inFlight: number
  /** Longest time its event loop was held up, in ms. */
  stall: number
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** One server process with its own way to Redis. */
export interface SoakServer {
  readonly name: string
  readonly phone: Phone
  readonly proxy: FaultProxy
  readonly exited: Promise<Exit>
  /** Set from the moment it is gone. */
  exit(): Exit | undefined
  sample(): Promise<Sample>
  /** SIGTERM, at which it finishes what it has. */
  terminate(): void
  /** The end of what it wrote to stdout and stderr. */
  log(): string
  close(): Promise<void>
}

interface Surroundings {
  redisPort: number
  sandbox: Sandbox
  secret: string
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (): void => {
      reject(new Error('the server is gone'))
    }
    child.once('exit', gone)
    child.once('message', (message) => {
      child.off('exit', gone)
      resolve(message)
    })
  })
}

async function startServer(index: number, around: Surroundings): Promise<SoakServer> {
  const client = clientKinds[index % clientKinds.length]!
  const proxy = await startFaultProxy(around.redisPort)
  const { appid, secret, baseUrl } = around.sandbox
  const config = {
    client,
    redisUrl: proxy.url,
    wechat: { appid, secret, baseUrl },
    secret: around.secret,
  }
  const child = fork(join(__dirname, 'server.js'), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      SOAK_SERVER: JSON.stringify(config),
    },
  })
  let log = ''
  const collect = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-maxLog)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    })
  })
  const { port } = await nextMessage(child)
    .then((message) => message as { port: number })
    .catch((error: unknown) => {
      throw new Error(`server ${client} did not start:\n${log}`, { cause: error })
    })
  const phone = createPhone(`http://127.0.0.1:${String(port)}`)
  return {
    name: `${String(index + 1)} ${client}`,
    phone,
    proxy,
    exited,
    exit: () => exit,
    async sample() {
      const answered = nextMessage(child)
      child.send('sample')
      return (await answered) as Sample
    },
    terminate: () => void child.kill('SIGTERM'),
    log: () => log,
    async close() {
      phone.close()
      child.kill('SIGKILL')
      await exited
      await proxy.close()
    },
  }
}

export const startServers = (count: number, around: Surroundings): Promise<SoakServer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => startServer(i, around)))
