import { createSandbox } from 'express-wx-login/sandbox'
import { bar, fixed, median } from '../lib/statistics.js'
import { drive, request } from '../scale/load.js'
import { populate } from './populate.js'
import { costOfRequests } from './requests.js'

/**
 * What a login costs, of a new user each.
 *
 * @param {import('./populate.js').Populated} populated
 * @param {import('express-wx-login/sandbox').Sandbox} sandbox
 * @param {string[]} appids the users are of these in turn
 * @param {string} series @param {number} count
 */
async function costOfLogins({ app }, sandbox, appids, series, count) {
  const asks = Array.from({ length: count }, (_, i) => {
    const appid = appids[i % appids.length]
    const code = sandbox.user(`${series} ${i}`).login({ appid })
    return { bytes: request('POST', '/wx/login', { body: { code, appid } }), status: 200 }
  })
  const cpu = await app.ask('cpu')
  await drive({
    port: app.port,
    connections: 20,
    requests: count,
    next: () => /** @type {import('../scale/load.js').Ask} */ (asks.pop()),
  })
  return ((await app.ask('cpu')) - cpu) / count
}

/**
 * One app and ten thousand, both found by a function: what a guarded request and a login cost.
 *
 * @param {import('../lib/section.js').Context} ctx
 */
export async function compareManyApps({ quick, log }) {
  const number = 10_000
  const secret = 'the-secret-of-every-app-of-the-benchmark'
  const all = Array.from({ length: number }, (_, i) => `wx${i.toString(16).padStart(16, '0')}`)
  const sandbox = createSandbox({
    apps: all.map((appid) => ({ appid, secret })),
    rateLimit: 0,
    journalSize: 1,
  })
  await sandbox.listen()
  /** @type {import('./populate.js').Populated[]} */
  const open = []
  try {
    const kinds = [{ appids: all.slice(0, 1) }, { appids: all }]
    for (const { appids } of kinds) {
      log(`growth: 10 000 sessions of ${appids.length} apps`)
      open.push(await populate(number, sandbox, { appids }))
    }
    const { costs, ratio } = await costOfRequests(
      open.map((populated, i) => ({ name: `${kinds[i].appids.length} apps`, populated })),
      quick ? { rounds: 6, ms: 250, asked: 3000 } : { rounds: 40, ms: 450 },
    )
    const count = quick ? 150 : 500
    /** @type {number[][]} */
    const logins = []
    for (let round = 0; round < (quick ? 8 : 28); round += 1) {
      const took = []
      // In turn first: whoever is second finds a machine that is warm.
      for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const series = `${i} in round ${round}`
        took[i] = await costOfLogins(open[i], sandbox, kinds[i].appids, series, count)
      }
      // The first few warm up.
      if (round >= 4) logins.push(took)
    }
    const ofLogin = (/** @type {number} */ i) => median(logins.map((took) => took[i]))
    return {
      rows: costs.map(({ name, cpu, p50 }, i) => [
        `10 000 sessions of ${name}, found by a function`,
        `${fixed(cpu, 1)} µs, login ${fixed(ofLogin(i), 1)} µs`,
        `${fixed(p50, 3)} ms`,
        '',
      ]),
      bars: [
        bar('guarded request, 10 000 apps to one: CPU', ratio('cpu', 1, 0), 'at most', 1.1),
        bar(
          'login, 10 000 apps to one: CPU',
          median(logins.map(([one, many]) => many / one)),
          'at most',
          1.1,
        ),
      ],
    }
  } finally {
    for (const { close } of open) await close()
    await sandbox.close()
  }
}
