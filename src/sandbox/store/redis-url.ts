import { hostOf } from '../control/guard.js'
import { SandboxError } from '../sandbox-error.js'

/** One Redis server, and how to log in to it. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

const refuse = (message: string): SandboxError => new SandboxError('SANDBOX_BAD_REQUEST', message)

/**
 * Reads the URL of one Redis server. The message of what is thrown never quotes it: it may hold a password.
 *
 * @throws {@link SandboxError}
 */
export function readRedisUrl(text: string): RedisAddress {
  if (text.startsWith('redis+')) {
    throw refuse(
      'redis: of a Cluster or Sentinel the client learns the addresses of the servers from the servers themselves ' +
        'and goes past the sandbox: use one Redis server, as redis://127.0.0.1:6379',
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = url?.pathname.replace(/^\//, '') ?? ''
  if (!url || !/^rediss?:$/.test(url.protocol) || !/^\d{0,5}$/.test(database)) {
    throw refuse('redis: must be the URL of a Redis server, as redis://127.0.0.1:6379')
  }
  const part = (value: string): string | undefined => {
    try {
      return value === '' ? undefined : decodeURIComponent(value)
    } catch {
      throw refuse('redis: user and password must be URL-encoded')
    }
  }
  return {
    host: hostOf(url) || '127.0.0.1',
    port: Number(url.port || 6379),
    tls: url.protocol === 'rediss:',
    username: part(url.username),
    password: part(url.password),
    database: Number(database || 0),
  }
}

/** The same server's login and database, at another place. */
export function redisUrlAt(port: number, text: string): string {
  const url = new URL(text)
  const login = url.password === '' && url.username === '' ? '' : `${url.username}:${url.password}@`
  return `redis://${login}127.0.0.1:${String(port)}${url.pathname === '/' ? '' : url.pathname}`
}
