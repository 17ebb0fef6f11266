/**
 * @typedef {{ sendCommand(args: string[]): Promise<unknown> }} Client
 * @typedef {{ calls: number, usec: number }} Command
 * @typedef {object} Snapshot what a Redis has done so far
 * @property {Map<string, Command>} commands by name
 * @property {number} cpu seconds
 * @property {number} input bytes received
 * @property {number} output bytes sent
 * @property {number} memory bytes in use
 */

/** What a server does for itself, for us, or to keep a connection alive: no part of a request. */
const notOfRequests =
  /^(ping|info|config|client|hello|select|monitor|memory|command|cluster|replconf|psync)\b/

/** Whether a command of this name, in small letters, can be part of a request. */
export const isOfRequests = (/** @type {string} */ name) => !notOfRequests.test(name)

/** @param {Client} client @returns {Promise<Snapshot>} */
export async function snapshot(client) {
  const lines = String(await client.sendCommand(['INFO', 'all'])).split('\r\n')
  const fields = new Map(lines.map((line) => /** @type {[string, string]} */ (line.split(':', 2))))
  const commands = new Map()
  for (const [name, text] of fields) {
    if (!name.startsWith('cmdstat_')) continue
    const [, calls, usec] = /** @type {RegExpExecArray} */ (/calls=(\d+),usec=(\d+)/.exec(text))
    commands.set(name.slice('cmdstat_'.length).replace('|', ' '), {
      calls: Number(calls),
      usec: Number(usec),
    })
  }
  const number = (/** @type {string} */ name) => Number(fields.get(name))
  return {
    commands,
    cpu: number('used_cpu_sys') + number('used_cpu_user'),
    input: number('total_net_input_bytes'),
    output: number('total_net_output_bytes'),
    memory: number('used_memory'),
  }
}

/**
 * The commands of requests between two snapshots, most frequent first; without those nobody sent.
 *
 * @param {Snapshot} before @param {Snapshot} after
 * @returns {(Command & { name: string })[]}
 */
export function commandsBetween(before, after) {
  return [...after.commands]
    .map(([name, { calls, usec }]) => {
      const old = before.commands.get(name) ?? { calls: 0, usec: 0 }
      return { name, calls: calls - old.calls, usec: usec - old.usec }
    })
    .filter(({ name, calls }) => calls > 0 && isOfRequests(name))
    .toSorted((a, b) => b.calls - a.calls)
}

/** @param {{ calls: number }[]} commands */
export const callsOf = (commands) => commands.reduce((sum, { calls }) => sum + calls, 0)

/**
 * `get 1.00, expire 0.02`: how often each command was sent for one of `requests`.
 *
 * @param {{ name: string, calls: number }[]} commands @param {number} requests
 */
export const perRequest = (commands, requests) =>
  commands
    .map(({ name, calls }) => ({ name, each: calls / requests }))
    .filter(({ each }) => each >= 0.005)
    .map(({ name, each }) => `${name} ${each.toFixed(2)}`)
    .join(', ') || 'none'
