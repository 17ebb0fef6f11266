import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { percentile } from '../lib/statistics.js'

/**
 * @typedef {object} Ask one request, ready to be written
 * @property {Buffer | string} bytes
 * @property {number} status what it must be answered with
 * @property {(body: string) => void} [answered] told of the body; leave it out where nobody reads it
 *
 * @typedef {object} Drive
 * @property {number} port
 * @property {number} connections
 * @property {() => Ask} next
 * @property {number} [requests] ends after so many
 * @property {number} [ms] ends after so long
 *
 * @typedef {object} Driven
 * @property {number} requests
 * @property {number} ms
 * @property {number} p50 ms
 * @property {number} p99 ms
 */

/**
 * @param {string} method @param {string} path
 * @param {{ token?: string, cookie?: string, body?: object }} [options]
 */
export function request(method, path, { token, cookie, body } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    ...(text === undefined
      ? method === 'GET'
        ? []
        : ['Content-Length: 0']
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text ?? ''}`)
}

/**
 * One kept-alive connection that asks one thing at a time: HTTP/1.1 with Content-Length, as Express answers JSON.
 *
 * @param {number} port
 */
export function openConnection(port) {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  /** @type {{ ask: Ask, resolve: () => void, reject: (error: Error) => void } | undefined} */
  let waiting
  /** @type {Buffer | undefined} */
  let rest
  /** @type {Error | undefined} */
  let broken
  const fail = (/** @type {Error} */ error) => {
    broken ??= error
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed a connection')))
  socket.on('data', (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    rest = bytes
    const head = bytes.indexOf('\r\n\r\n')
    if (head < 0 || waiting === undefined) return
    const headers = bytes.toString('latin1', 0, head)
    const length = /\r\ncontent-length: (\d+)/i.exec(headers)
    const status = Number(headers.slice(9, 12))
    if (length === null && status !== 204) {
      fail(new Error(`an answer without Content-Length: ${headers}`))
      return
    }
    const end = head + 4 + Number(length?.[1] ?? 0)
    if (bytes.length < end) return
    rest = undefined
    const { ask, resolve } = waiting
    if (status !== ask.status) {
      fail(new Error(`${status} instead of ${ask.status}: ${bytes.toString('utf8')}`))
      return
    }
    waiting = undefined
    ask.answered?.(bytes.toString('utf8', head + 4, end))
    resolve()
  })
  return {
    opened: new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    }),
    /** @param {Ask} ask @returns {Promise<void>} */
    send: (ask) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken)
          return
        }
        waiting = { ask, resolve, reject }
        socket.write(ask.bytes)
      }),
    close: () => void socket.destroy(),
  }
}

/**
 * Asks without a pause on so many connections at once. Rejects at the first answer that is not as expected.
 *
 * @param {Drive} options
 * @returns {Promise<Driven>}
 */
export async function drive({ port, connections, next, requests = Infinity, ms = Infinity }) {
  const open = Array.from({ length: connections }, () => openConnection(port))
  /** @type {number[]} */
  const took = []
  let left = requests
  try {
    await Promise.all(open.map(({ opened }) => opened))
    const start = performance.now()
    await Promise.all(
      open.map(async ({ send }) => {
        for (let now = performance.now(); now - start < ms && left > 0;) {
          left -= 1
          await send(next())
          const then = performance.now()
          took.push(then - now)
          now = then
        }
      }),
    )
    return {
      requests: took.length,
      ms: performance.now() - start,
      p50: percentile(took, 50),
      p99: percentile(took, 99),
    }
  } finally {
    for (const { close } of open) close()
  }
}

/**
 * One request on a connection of its own.
 *
 * @param {number} port @param {Buffer} bytes @param {number} [status]
 * @returns {Promise<any>} the JSON of its body, null where there is none
 */
export async function once(port, bytes, status = 200) {
  const connection = openConnection(port)
  try {
    let text = ''
    await connection.send({ bytes, status, answered: (body) => (text = body) })
    return text === '' ? null : JSON.parse(text)
  } finally {
    connection.close()
  }
}
