import { diagnose } from '../../src/doctor/checks.js'
import { finding } from './run-doctor.js'

const hangs = (): Promise<never> => new Promise(() => undefined)
const breaks = (): never => {
  throw new Error('a canary')
}

describe.each([
  ['hangs', hangs],
  ['fails', breaks],
])('a check that %s', (_, run) => {
  it('of Redis is an error: nobody knows whether sessions can be loaded', async () => {
    expect(await diagnose([{ name: 'redis', run }], 20)).toEqual([
      finding('redis', 'error', /^This could not be found out in time\.$/, /overloaded/),
    ])
  })

  it('of anything else is a warning, and keeps none of the others', async () => {
    const all = [
      { name: 'wechat', run },
      { name: 'clock', run: () => [] },
    ] as const
    expect(await diagnose(all, 20)).toEqual([
      finding('wechat', 'warning', /^This could not be found out in time\.$/),
    ])
  })
})
