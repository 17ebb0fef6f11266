import { spawn } from 'node:child_process'
import { pinned } from './programs.js'

/**
 * Starts a script of Node in a process of its own, which says `{ ready }` when it is and answers questions after that
 * (see {@link answer}).
 *
 * @param {string} file
 * @param {{ core: number, args?: string[], env?: Record<string, string>, flags?: string[] }} options
 */
export async function startChild(file, { core, args = [], env = {}, flags = [] }) {
  const [command, all] = pinned(core, process.execPath, [...flags, file, ...args])
  const child = spawn(command, all, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', ...env },
  })
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map()
  let asked = 0
  let ended = false

  const ready = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.on('message', (/** @type {any} */ message) => {
      if (message.ready) resolve(message.ready)
      const who = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error !== undefined) who?.reject(new Error(message.error))
      else who?.resolve(message.answer)
    })
    child.once('exit', (code, signal) => {
      ended = true
      const error = new Error(`${[file, ...args].join(' ')} ended with ${signal ?? code}`)
      reject(error)
      for (const who of waiting.values()) who.reject(error)
    })
  })

  return {
    /** @type {any} */
    ready: await ready,
    pid: child.pid,

    /**
     * @param {string} what
     * @param {unknown[]} args
     * @returns {Promise<any>}
     */
    ask(what, ...args) {
      if (ended) return Promise.reject(new Error(`${file} has ended`))
      asked += 1
      const id = asked
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        child.send({ id, what, args })
      })
    },

    async stop() {
      if (ended) return
      const closed = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      const lastResort = setTimeout(() => child.kill('SIGKILL'), 5000)
      await closed
      clearTimeout(lastResort)
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof startChild>>} Child */

/**
 * The other side: answers questions until the parent goes.
 *
 * @param {unknown} ready
 * @param {Record<string, (...args: any[]) => unknown>} answers
 */
export function answer(ready, answers) {
  const reply = async (/** @type {any} */ { id, what, args }) => {
    try {
      process.send?.({ id, answer: (await answers[what](...args)) ?? null })
    } catch (error) {
      process.send?.({
        id,
        error: `${what}: ${/** @type {any} */ (error)?.stack ?? String(error)}`,
      })
    }
  }
  process.on('message', (message) => void reply(message))
  process.once('disconnect', () => process.exit(0))
  process.send?.({ ready })
}
