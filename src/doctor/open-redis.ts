import { withDeadline } from '../deadline.js'
import { WxLoginError } from '../errors.js'
import type { WxFinding } from '../readiness-types.js'
import { type LiveClient, redisKind } from '../redis/client-kind.js'
import { loadConnectRedis } from '../redis/load-connect-redis.js'
import { isOfName, isOfTls } from './failure-code.js'
import { fault } from './finding.js'

/** A Redis client, or why there is none; what was opened must be closed. */
export interface OpenedRedis {
  client: LiveClient | undefined
  findings: WxFinding[]
  close(): Promise<void>
}

const install = 'Install them: npm i connect-redis redis.'
const nothing = async (): Promise<void> => undefined

/** Why a connection failed; of the error itself nothing is quoted but its code. */
function connectionFinding({ code, message: text }: NodeJS.ErrnoException): WxFinding {
  const name = /^[A-Z_]{2,40}$/.exec(code ?? '')?.[0] ?? ''
  if (/^(NOAUTH|WRONGPASS|ERR AUTH|ERR invalid password)/.test(text)) {
    return fault(
      'redis',
      'Redis does not accept the user or the password, or wants one.',
      'Write them into REDIS_URL: redis://user:password@host:6379, special characters percent-encoded.',
    )
  }
  if (isOfName(name)) {
    return fault(
      'redis',
      `The host name in REDIS_URL cannot be resolved (${name}).`,
      'Correct the host name, or the DNS of this machine or container.',
    )
  }
  if (isOfTls(name)) {
    return fault(
      'redis',
      `The TLS connection to Redis failed (${name}).`,
      'Write redis:// where Redis speaks no TLS; else let NODE_EXTRA_CA_CERTS name the CA of its certificate.',
    )
  }
  if (name === 'ECONNREFUSED') {
    return fault(
      'redis',
      'Nothing listens at the address in REDIS_URL (ECONNREFUSED).',
      'Start Redis, or correct host and port; in a container, 127.0.0.1 is the container itself.',
    )
  }
  const refusal = /^([A-Z]{2,}) /.exec(text)?.[1]
  if (refusal !== undefined) {
    return fault(
      'redis',
      `Redis answers the connection with an error (${refusal}).`,
      'See the log of Redis: it may still be loading, or have as many clients as maxclients allows.',
    )
  }
  return fault(
    'redis',
    `Redis does not answer${name === '' ? '' : ` (${name})`}.`,
    'See that Redis runs and is not stopped, and that the firewall passes its port; rediss:// is for TLS.',
  )
}

async function close(client: LiveClient): Promise<void> {
  await withDeadline((async () => client.destroy())(), 300).catch(() => undefined)
}

/** Connects as a server would, for at most `ms` milliseconds; never rejects. */
export async function openRedis(url: string, ms: number): Promise<OpenedRedis> {
  const failed = (finding: WxFinding): OpenedRedis => ({
    client: undefined,
    findings: [finding],
    close: nothing,
  })
  let client: LiveClient
  try {
    loadConnectRedis()
    // Both packages are there only where Redis is used.
    const { createRedis } = await import('../redis/create-redis.js')
    client = createRedis(url) as unknown as LiveClient
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (WxLoginError.is(error) || /MODULE_NOT_FOUND/.test(String(code))) {
      return failed(
        fault('redis', 'REDIS_URL needs the packages redis and connect-redis.', install),
      )
    }
    return failed(fault('redis', 'The packages redis and connect-redis cannot be loaded.', install))
  }
  let last: Error | undefined
  const givenUp = new Promise<never>((_, reject) => {
    client.on('error', (error: Error) => {
      last = error
      // Of a group another server may answer; one server says the same again and again.
      if (redisKind(client) === 'client') reject(new Error('no use'))
    })
  })
  const connecting = client.connect()
  try {
    await withDeadline(Promise.race([connecting, givenUp]), ms)
    return { client, findings: [], close: () => close(client) }
  } catch (error) {
    connecting.then(
      () => close(client),
      () => undefined,
    )
    await close(client)
    return failed(connectionFinding(last ?? (error as Error)))
  }
}
