import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startFleet, warmUp } from './fleet.js'
import { benchFolder } from './root.js'
import { byGroup, selfTimes } from './self-time.js'
import { fixed, nodeMajor } from './statistics.js'
import { fitted } from './table.js'

/**
 * Puts the guarded request of express-wx-login under load, and prints where the CPU time of the server goes.
 *
 * @param {{ seconds: number }} options
 */
export async function profileGuarded({ seconds }) {
  const folder = join(benchFolder, 'results-local')
  mkdirSync(folder, { recursive: true })
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const name = `guarded-node-${nodeMajor}-${stamp}.cpuprofile`
  const fleet = await startFleet([{ key: 'ours', title: 'express-wx-login', server: 'ours' }])
  try {
    const [{ child, target }] = fleet.runners
    await warmUp(fleet, { connections: 50, seconds: 4 })
    const before = await child.ask('spent')
    await child.ask('startProfile')
    await fleet.load.run(target, { connections: 50, seconds })
    await child.ask('stopProfile', join(folder, name))
    const requests = (await child.ask('spent')).requests - before.requests
    print(JSON.parse(readFileSync(join(folder, name), 'utf8')), requests)
    process.stdout.write(
      `\nbench/results-local/${name}: open it in the DevTools of Chrome, or in an editor\n`,
    )
  } finally {
    await fleet.stop()
  }
}

function print(profile, requests) {
  const times = selfTimes(profile)
  const busy = times.filter(({ group }) => group !== 'idle').reduce((sum, { ms }) => sum + ms, 0)
  const figures = (ms) => [fixed((ms * 1000) / requests, 2), fixed((ms / busy) * 100, 1)]
  process.stdout.write(
    `\nGuarded request, ${requests} times at 50 connections: self time, in % of what the process was busy\n\n`,
  )
  const groups = byGroup(times).map(([group, ms]) => [group].concat(figures(ms)))
  process.stdout.write(`${fitted(['part', 'µs a request', '%'], groups)}\n\n`)
  const top = times
    .filter(({ group }) => group !== 'idle')
    .slice(0, 15)
    .map(({ name, where, group, ms }) => [name].concat(figures(ms), group, where))
  process.stdout.write(`${fitted(['function', 'µs a request', '%', 'part', 'where'], top)}\n`)
}
