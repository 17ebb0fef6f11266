// A process of its own: a TCP balancer that gives each new connection to the next target.
import { connect, createServer } from 'node:net'
import { answer } from '../lib/child.js'

/** @type {number[]} */
let targets = []
let turn = 0

const server = createServer({ noDelay: true }, (socket) => {
  const target = connect({
    port: targets[turn++ % targets.length],
    host: '127.0.0.1',
    noDelay: true,
  })
  socket.pipe(target).pipe(socket)
  for (const [one, other] of [
    [socket, target],
    [target, socket],
  ]) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
})

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  answer(
    { port },
    {
      /** Where connections go from now on. @param {number[]} ports */
      balance(ports) {
        targets = ports
        turn = 0
      },
    },
  )
})
