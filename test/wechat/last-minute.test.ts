import fc from 'fast-check'
import { createLastMinute, type Shared } from '../../src/wechat/last-minute.js'

interface Entry extends Shared {
  n: number
}

const step = fc.oneof(
  fc.record({ wait: fc.integer({ min: 1, max: 70_000 }) }),
  fc.record({ join: fc.constantFrom('a', 'b', 'c', 'd'), fails: fc.boolean() }),
)

test('whatever comes and fails in whatever order: who joins within a minute of a start that did not fail gets what was started', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let now = 0
      let started = 0
      const calls = createLastMinute<Entry>(() => now)
      const model = new Map<string, { n: number; since: number }>()
      for (const one of steps) {
        if ('wait' in one) {
          now += one.wait
          continue
        }
        const known = model.get(one.join)
        const expected = known && now - known.since < 60_000 ? known : { n: started, since: now }
        const entry = calls.join([one.join], () => {
          const n = started
          started += 1
          return { n, call: one.fails ? Promise.reject(new Error('no')) : Promise.resolve() }
        })
        expect(entry.n).toBe(expected.n)
        // A start that fails is forgotten; whoever joined one that did not fail changes nothing of it.
        const failed = await entry.call.then(
          () => false,
          () => true,
        )
        if (failed) model.delete(one.join)
        else model.set(one.join, expected)
        expect(calls.has([one.join])).toBe(!failed)
      }
    }),
  )
})
