import { once } from 'node:events'
import { connect } from 'node:net'

/** @param {readonly (string | number)[]} args */
function encode(args) {
  let text = `*${args.length}\r\n`
  for (const arg of args) text += `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`
  return text
}

const newline = 10
const minus = 45

/**
 * Sends commands as fast as Redis takes them, past the client, which makes a promise of each. Only commands that
 * are answered with one line: SET, ZADD, HSET, EXPIRE.
 *
 * @param {number} port
 * @param {Iterable<readonly (string | number)[]>} commands
 */
export async function fill(port, commands) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let sent = 0
  let answered = 0
  /** @type {string | undefined} */
  let refusal
  let allAnswered = () => {}
  socket.on('data', (chunk) => {
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1))
      answered += 1
    // The answers are numbers and OK: a minus can only be an error's.
    if (chunk.includes(minus)) refusal ??= chunk.toString().match(/-.*/)?.[0]
    if (answered === sent) allAnswered()
  })
  let text = ''
  const flush = async () => {
    const written = socket.write(text)
    text = ''
    if (!written) await once(socket, 'drain')
  }
  for (const command of commands) {
    text += encode(command)
    sent += 1
    if (text.length > 128 * 1024) await flush()
  }
  await flush()
  if (answered < sent) await new Promise((resolve) => (allAnswered = () => resolve(undefined)))
  socket.destroy()
  if (refusal !== undefined) throw new Error(`Redis refused: ${refusal}`)
}
