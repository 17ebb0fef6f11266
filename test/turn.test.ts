import { AsyncLocalStorage } from 'node:async_hooks'
import { nextTurn } from '../src/turn.js'

const three = [1, 2, 3]

afterEach(() => jest.useRealTimers())

test('all who wait go on together: what one of them puts off comes after the last of them', async () => {
  const told: string[] = []
  await Promise.all(
    three.map(async (i) => {
      await nextTurn()
      told.push(`step ${i}`)
      process.nextTick(() => told.push(`written ${i}`))
    }),
  )
  await nextTurn()
  expect(told).toEqual(['step 1', 'step 2', 'step 3', 'written 1', 'written 2', 'written 3'])
})

test('what has arrived is read before', async () => {
  const told: string[] = []
  setImmediate(() => told.push('read'))
  await nextTurn()
  expect(told).toEqual(['read'])
})

test('each goes on in its own async context', async () => {
  const request = new AsyncLocalStorage<number>()
  const found = await Promise.all(
    three.map((i) =>
      request.run(i, async () => {
        await nextTurn()
        return request.getStore()
      }),
    ),
  )
  expect(found).toEqual(three)
})

test('who comes while they go on waits for the next turn', async () => {
  const told: string[] = []
  const again = nextTurn().then(async () => {
    setImmediate(() => told.push('read meanwhile'))
    await nextTurn()
    told.push('the second turn')
  })
  await again
  expect(told).toEqual(['read meanwhile', 'the second turn'])
})

test('a clock that is stopped in between stops nobody', async () => {
  jest.useFakeTimers()
  const waited = nextTurn()
  jest.useRealTimers()
  await waited
  await nextTurn()
})
