import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { Consumer, pack } from '../package/consumer.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { type RedisServer, startRedisServer } from '../support/redis.js'
import { type ChildApp, childScript, startChildApp } from './child-app.js'
import { type Scenario, underFault } from './under-fault.js'

// The faults in which node-redis helps least, once more with its version 5: the package as npm has it, in a project
// of its own.

let consumer: Consumer
let script: string
beforeAll(async () => {
  consumer = await Consumer.install('redis-5', [
    ...[pack().tarball, 'express@5', 'express-session@1', 'connect-redis@9', 'redis@5'],
  ])
  script = join(consumer.folder, 'app.mjs')
  cpSync(childScript, script)
}, 180_000)

interface Broken {
  app: ChildApp
  server: RedisServer
  proxy: FaultProxy
}

async function withApp(
  client: 'createRedis' | 'defaults',
  body: (broken: Broken) => Promise<unknown>,
): Promise<void> {
  const server = await startRedisServer()
  const proxy = await startFaultProxy(server.port)
  const app = await startChildApp({ client, redisUrl: proxy.url, script })
  try {
    await app.stockCodes(2000)
    await body({ app, server, proxy })
    expect(app.ended()).toBeUndefined()
  } finally {
    await app.stop()
    await proxy.close()
    await server.stop()
  }
}

const faults: [string, (broken: Broken) => Omit<Scenario, 'client'>][] = [
  [
    'F4: a Redis that hangs is answered for within the deadlines',
    ({ server }) => ({
      ...{ fault: 'F4', what: 'Redis stopped (SIGSTOP)' },
      ...{ breakIt: server.freeze, during: 2500, heal: server.thaw },
    }),
  ],
  [
    'F5: a connection whose peer has vanished is replaced under load',
    ({ proxy }) => ({
      ...{ fault: 'F5', what: 'half-open connections, 100 requests/s', rate: 100 },
      ...{ breakIt: proxy.halfOpen, after: 3000, recovery: 2000 },
    }),
  ],
  [
    'F8: resets every 200 ms hand out no dead token',
    ({ proxy }) => ({
      ...{ fault: 'F8', what: 'connections reset every 200 ms', rate: 60 },
      ...{ mix: ['login', 'me', 'login', 'public'], after: 1000 },
      ...{ breakIt: () => proxy.resetEvery(200), during: 4000, heal: proxy.pass },
    }),
  ],
]

test('redis 5 is what these tests run on', () => {
  expect(consumer.version('redis')).toMatch(/^5\./)
})

test.each(faults)('%s, with node-redis 5', async (_name, scenario) => {
  const runs = (['createRedis', 'defaults'] as const).map((client) =>
    withApp(client, (broken) =>
      underFault(broken.app, { ...scenario(broken), client: `${client}, redis 5` }),
    ),
  )
  const failed = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
})
