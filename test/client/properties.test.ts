import {
  clientFromSource,
  loadClient,
  type Surroundings,
  virtualSurroundings,
} from './load-client.js'
import { properties } from './properties.js'
import { scenarios } from './scenarios.js'
import { maker } from './world.js'

/**
 * The client in a world of its own: a phone, WeChat and a server in virtual time, where everything that can go wrong
 * does. `mutants.test.ts` shows that these checks see what they are to see.
 */
describe('the client, whatever happens', () => {
  let code: string
  beforeAll(async () => {
    code = await clientFromSource()
  })
  const load = (surroundings: Surroundings) => loadClient(code, surroundings)
  const make = maker(load, (time) => virtualSurroundings(time, 'microtasks'))

  describe('always', () => {
    it.each(properties.map((law) => [law.name, law] as const))('%s', async (_, law) => {
      await law.check(make, { numRuns: 400 })
    })
  })

  describe('in the situations that have one right outcome', () => {
    it.each(scenarios.map((law) => [law.name, law] as const))('%s', async (_, law) => {
      await law.check(make, {})
    })
  })
})
