import { execFileSync } from 'node:child_process'
import { Consumer, pack, packClient } from '../package/consumer.js'
import { type Combination, combinations, major, moduleOptions } from './matrix.js'
import { nodeOf } from './node.js'

function packagesOf(row: Combination, tarballs: string[]): string[] {
  return [
    ...tarballs,
    `express@${row.express}`,
    `express-session@${row.session}`,
    `redis@${row.redis}`,
    `connect-redis@${row.connectRedis}`,
    `@types/express@${row.expressTypes}`,
    `@types/express-session@${row.sessionTypes}`,
    `@types/node@${major(row.node)}`,
  ]
}

/** What a project of each combination on these versions of Node sees of the two tarballs. */
export function describeConsumers(nodes: string[]): void {
  const rows = combinations.filter((row) => nodes.includes(major(row.node)))
  const tarballs = [pack().tarball, packClient().tarball]

  describe.each(rows)(
    'Node $node, Express $express, redis $redis, connect-redis $connectRedis',
    (row) => {
      let consumer: Consumer
      let node: string
      beforeAll(async () => {
        ;[node, consumer] = await Promise.all([
          nodeOf(row.node),
          Consumer.install('combination', packagesOf(row, tarballs)),
        ])
      }, 120_000)

      it('is that combination', () => {
        const starts = (version: string, wanted: string): boolean =>
          `${version}.`.startsWith(`${wanted}.`)
        const versions: [string, string][] = [
          [
            execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim(),
            row.node,
          ],
          [consumer.version('express'), row.express],
          [consumer.version('express-session'), row.session],
          [consumer.version('redis'), row.redis],
          [consumer.version('connect-redis'), row.connectRedis],
          [consumer.version('@types/express'), row.expressTypes],
          [consumer.version('@types/express-session'), row.sessionTypes],
        ]
        expect(versions.filter(([version, wanted]) => !starts(version, wanted))).toEqual([])
      })

      it.each(['login.cjs', 'login.mjs'])('logs in: %s', async (fixture) => {
        const { exports } = (await consumer.print(fixture, node)) as { exports: string[] }
        expect(exports).toContain('wxLogin')
      })

      it.each(['redis.cjs', 'redis.mjs'])('logs in with sessions in Redis: %s', async (fixture) => {
        expect(await consumer.print(fixture, node)).toEqual({ exports: ['createRedis'] })
      })

      it.each(['phone.cjs', 'phone.mjs'])('logs in by wx-login-client: %s', async (fixture) => {
        expect(await consumer.print(fixture, node)).toEqual({
          exports: ['WxLoginError', 'createWxLogin'],
        })
      })

      it('tests with plain jest', async () => {
        const { code, output } = await consumer.jest(node)
        expect(output).toContain('1 passed')
        expect(code).toBe(0)
      })

      it.each(['plain', 'registered'])(
        `compiles with ${row.typescript}, ${row.modules}, @types/express ${row.expressTypes}: %s`,
        async (set) => {
          expect(await consumer.compile(set, row.typescript, moduleOptions[row.modules])).toBe('')
        },
      )

      it(`compiles the client with ${row.typescript}, ${row.modules}`, async () => {
        expect(await consumer.compileClient(row.typescript, moduleOptions[row.modules])).toBe('')
      })
    },
  )
}
