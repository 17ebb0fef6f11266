import { hostOf, isLoopbackHost } from '../control/guard.js'
import { createSandbox } from '../create-sandbox.js'
import { words } from '../scenarios/words.js'
import { CouldNotRunError } from './could-not-run.js'

/** The sandbox of a run. */
export interface FoundSandbox {
  readonly baseUrl: string
  /** Whether it runs for this run only. */
  readonly started: boolean
  /** The port of this machine that the server under test has to take for its Redis; undefined without a tap. */
  readonly redisPort: number | undefined
  close(): Promise<void>
}

const limit = 5000

const down = (url: string, why: string, zh: string): CouldNotRunError =>
  new CouldNotRunError('SANDBOX_DOWN', words(`${url} ${why}`, `${url} ${zh}`))

/** Whether a sandbox answers there; undefined where nothing does. */
async function looksLikeSandbox(url: string): Promise<boolean | undefined> {
  try {
    const response = await fetch(`${url}/__sandbox/config`, { signal: AbortSignal.timeout(limit) })
    const config = (await response.json().catch(() => undefined)) as { appid?: unknown } | undefined
    return typeof config?.appid === 'string'
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') return false
    return undefined
  }
}

/**
 * The sandbox that runs at this URL. Where nothing runs there, and it is an address of this machine, one is started.
 *
 * @param redis - URL of the server's Redis, to stand in front of it
 * @throws CouldNotRunError where there is none and none can be started
 */
export async function sandboxAt(url: string, redis: string | undefined): Promise<FoundSandbox> {
  const found = await looksLikeSandbox(url)
  if (found === false) {
    throw down(
      url,
      'answers, but is no sandbox of this version. Use another --sandbox.',
      '有应答，但不是这个版本的沙箱。请换一个 --sandbox。',
    )
  }
  if (found) {
    if (redis === undefined) {
      return { baseUrl: url, started: false, redisPort: undefined, close: () => Promise.resolve() }
    }
    throw down(
      url,
      'runs already: give --redis to that sandbox, not to verify.',
      '已在运行：请把 --redis 用于那个沙箱，而不是 verify。',
    )
  }
  const at = new URL(url)
  const { protocol, port, pathname } = at
  const host = hostOf(at)
  if (protocol !== 'http:' || pathname !== '/' || !isLoopbackHost(host)) {
    throw down(url, 'cannot be reached. Start the sandbox there.', '无法连接。请在那里启动沙箱。')
  }
  return start(url, { port: Number(port || '80'), host, redis })
}

async function start(
  url: string,
  { port, host, redis }: { port: number; host: string; redis: string | undefined },
): Promise<FoundSandbox> {
  try {
    const sandbox = createSandbox()
    const baseUrl = await sandbox.listen(port, host)
    try {
      const redisPort = redis === undefined ? undefined : port + 1
      if (redis !== undefined) await sandbox.tapRedis(redis, { port: port + 1 })
      return { baseUrl, started: true, redisPort, close: sandbox.close }
    } catch (error) {
      await sandbox.close()
      throw error
    }
  } catch (error) {
    const { message } = error as Error
    throw down(url, `cannot be started: ${message}`, `无法启动：${message}`)
  }
}
