import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { createSandbox } from '../../src/sandbox/index.js'
import { createAccessTokens } from '../../src/wechat/access-token.js'
import { createBreaker } from '../../src/wechat/breaker.js'

const second = 1000
const minute = 60 * second
const life = 120 * minute
const stableToken = 'https://api.weixin.qq.com/cgi-bin/stable_token'

const step = fc.record({
  do: fc.constantFrom(
    ...(['call', 'call', 'call', 'call', 'call again', 'call again', 'settle', 'settle'] as const),
    ...(['pass', 'pass', 'pass', 'replace', 'break'] as const),
  ),
  /** Of `pass`. */
  ms: fc.constantFrom(second, 10 * second, minute, life - 4 * minute, life),
  /** Of `break`. */
  times: fc.integer({ min: 1, max: 3 }),
})

describe('access tokens, in whatever order calls, time and failures come', () => {
  it('are given only while they are good, and fetched by one at a time', async () => {
    const seen = { given: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
        async (steps) => {
          let clock = 1_800_000_000_000
          const wechat = createSandbox({ now: () => clock })
          const app = { appid: wechat.appid, secret: wechat.secret }
          const ends = new Map<string, number>()
          let inFlight = 0
          let most = 0
          const tokens = createAccessTokens({
            baseUrl: 'https://api.weixin.qq.com',
            timeout: 5000,
            breaker: createBreaker(),
            now: () => clock,
            async fetch(url, init) {
              inFlight += 1
              most = Math.max(most, inFlight)
              // Long enough for time to pass meanwhile.
              for (let i = 0; i < 3; i++) await turn()
              const reply = await wechat.fetch(url, init)
              inFlight -= 1
              if (reply.ok) {
                const said = (await reply.clone().json()) as {
                  access_token: string
                  expires_in: number
                }
                ends.set(said.access_token, clock + said.expires_in * second)
              }
              return reply
            },
          })

          let last: string | undefined
          const running: Promise<void>[] = []
          const call = async (invalid?: string): Promise<void> => {
            let token: string
            try {
              token = await tokens.get(app, AbortSignal.timeout(5000), invalid)
            } catch (error) {
              expect(error).toMatchObject({ code: 'WX_UPSTREAM', status: 502 })
              seen.failed += 1
              return
            }
            expect(ends.get(token)).toBeGreaterThan(clock)
            seen.given += 1
            last = token
          }
          for (const { do: what, ms, times } of steps) {
            if (what === 'call') running.push(call())
            if (what === 'call again') running.push(call(last))
            if (what === 'settle') await Promise.all(running)
            if (what === 'pass') {
              // Not between the moment that a token is given and the one that it is looked at.
              await turn()
              clock += ms
            }
            if (what === 'break')
              wechat.faults.add({ endpoint: 'stable_token', status: 502, times })
            if (what === 'replace') {
              const force = { grant_type: 'client_credential', ...app, force_refresh: true }
              await wechat.fetch(stableToken, { method: 'POST', body: JSON.stringify(force) })
            }
          }
          await Promise.all(running)
          expect(most).toBeLessThanOrEqual(1)
          await wechat.close()
        },
      ),
      { numRuns: 400 },
    )
    expect(seen.given).toBeGreaterThan(1000)
    expect(seen.failed).toBeGreaterThan(0)
  }, 60_000)
})
