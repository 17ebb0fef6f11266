import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RedisAddress } from './redis-url.js'
import { createRespReader, encodeCommand, type RespValue } from './resp.js'
import type { StoreEntry } from './types.js'

/** Longest wait for a server, in ms. */
const patience = 2000
/** How many members of a list or set are shown. */
const maxMembers = 100

/** Opens a connection to the server itself. */
export const dial = ({ host, port, tls }: RedisAddress): Socket =>
  tls
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
    : connect({ host, port })

/** Asks the server a few things over a connection of its own. A refusal is the text of it. */
async function ask(address: RedisAddress, commands: readonly string[][]): Promise<RespValue[]> {
  const { username = 'default', password, database } = address
  const login = [
    ...(password === undefined ? [] : [['AUTH', username, password]]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
  ]
  const all = [...login, ...commands]
  const socket = dial(address)
  try {
    const answers = await new Promise<RespValue[]>((resolve, reject) => {
      const came: RespValue[] = []
      const reader = createRespReader(({ value }) => {
        came.push(value)
        if (came.length === all.length) resolve(came)
      })
      const lost = (): void => {
        reject(new Error('Redis does not answer'))
      }
      socket.setTimeout(patience, lost).once('error', lost).once('close', lost)
      socket.on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk)
        } catch (error) {
          reject(error as Error)
        }
      })
      socket.write(all.map(encodeCommand).join(''))
    })
    return answers.slice(login.length)
  } finally {
    socket.destroy()
  }
}

const last = String(maxMembers - 1)

/** How the value of each type is read. */
const reads: Readonly<Record<string, (key: string) => string[]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  list: (key) => ['LRANGE', key, '0', last],
  zset: (key) => ['ZRANGE', key, '0', last, 'WITHSCORES'],
  set: (key) => ['SRANDMEMBER', key, String(maxMembers)],
}

function parsed(value: RespValue): unknown {
  if (typeof value !== 'string' || !/^[{[]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** Pairs as Redis lists them. */
const paired = (flat: RespValue): unknown =>
  Array.isArray(flat)
    ? Object.fromEntries(
        flat.flatMap((name, i) =>
          i % 2 === 0 && typeof name === 'string' ? [[name, parsed(flat[i + 1]!)]] : [],
        ),
      )
    : flat

/**
 * What is there of these keys now. No command of it looks for keys.
 *
 * @throws where the server does not answer
 */
export async function readEntries(
  address: RedisAddress,
  keys: readonly string[],
): Promise<StoreEntry[]> {
  if (keys.length === 0) return []
  const about = await ask(
    address,
    keys.flatMap((key) => [
      ['TYPE', key],
      ['PTTL', key],
    ]),
  )
  const there = keys.flatMap((key, i) => {
    const [type, ttl] = [about[2 * i], about[2 * i + 1]]
    return typeof type === 'string' && Object.hasOwn(reads, type) && typeof ttl === 'number'
      ? [{ key, type, ttl }]
      : []
  })
  if (there.length === 0) return []
  const values = await ask(
    address,
    there.map(({ key, type }) => reads[type]!(key)),
  )
  return there.flatMap(({ key, type, ttl }, i) => {
    const value = values[i]!
    // Gone between the two questions.
    if (value === null) return []
    const isPairs = type === 'hash' || type === 'zset'
    const expiresIn = ttl < 0 ? null : Math.ceil(ttl / 1000)
    return [{ key, type, expiresIn, value: isPairs ? paired(value) : parsed(value) }]
  })
}
