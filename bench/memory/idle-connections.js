import { startApp } from '../scale/apps.js'
import { openConnection } from '../scale/load.js'

/**
 * Heap of one idle kept-alive connection: what a server process takes with so many that asked one thing each, less
 * what it takes without them.
 *
 * @param {import('../scale/app.js').AppConfig} config
 * @param {(i: number) => import('../scale/load.js').Ask} ask what connection `i` asks
 * @param {number} connections
 * @returns {Promise<number>} bytes
 */
export async function heapPerConnection(config, ask, connections) {
  const app = await startApp(config)
  const heap = () => app.ask('heap')
  // One after the other: more at once than the server's backlog holds would wait for a second try.
  const open = async () => {
    const all = []
    for (let i = 0; i < connections; i += 1) {
      const connection = openConnection(app.port)
      await connection.opened
      await connection.send(ask(i))
      all.push(connection)
    }
    return all
  }
  try {
    // What a first thousand leaves behind (compiled code, pools of parsers) is no cost of the second.
    for (const { close } of await open()) close()
    await settled()
    const before = await heap()
    const held = await open()
    await settled()
    const after = await heap()
    for (const { close } of held) close()
    return (after - before) / connections
  } finally {
    await app.stop()
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 300))
