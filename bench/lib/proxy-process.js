// A TCP proxy in front of Redis that takes its time: `node proxy-process.js <port of Redis> <ms each way>`.
import { connect, createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { answer } from './child.js'

const [redisPort, pause] = process.argv.slice(2).map(Number)
const ping = '*1\r\n$4\r\nPING\r\n'

let turns = 0

/** Hands chunks on in order, each `pause` ms after it came. */
function delayed(write) {
  /** @type {{ due: number, chunk: Buffer }[]} */
  const queue = []
  const flush = () => {
    const now = performance.now()
    while (queue.length > 0 && queue[0].due <= now) write(queue.shift()?.chunk)
    // Timers are exact to a millisecond, which is all that is asked for here.
    if (queue.length > 0) setTimeout(flush, Math.max(1, queue[0].due - now))
  }
  return (chunk) => {
    queue.push({ due: performance.now() + pause, chunk })
    if (queue.length === 1) setTimeout(flush, pause)
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const redis = connect({ port: redisPort, host: '127.0.0.1', noDelay: true })
  let isAsking = false
  const there = (chunk) => void redis.write(chunk)
  const back = (chunk) => void socket.write(chunk)
  const [ask, tell] = pause > 0 ? [delayed(there), delayed(back)] : [there, back]
  socket.on('data', (chunk) => {
    // What is sent after an answer, or first, is another round trip; pings belong to nobody's request.
    if (!isAsking && (chunk.length !== ping.length || chunk.toString() !== ping)) {
      isAsking = true
      turns += 1
    }
    ask(chunk)
  })
  redis.on('data', (chunk) => {
    isAsking = false
    tell(chunk)
  })
  for (const [one, other] of [
    [socket, redis],
    [redis, socket],
  ]) {
    one.on('error', () => undefined)
    one.once('close', () => other.destroy())
  }
})

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  answer({ port }, { turns: () => turns })
})
