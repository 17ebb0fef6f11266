import { type Hand, handOn } from './hand.js'
import { createPageWorld, type OpenOptions, type OpenPage, type PageWorld } from './page-world.js'

/** One app and one browser for a test file; a page and a user of its own for each test. */
export interface PageTest {
  readonly world: PageWorld
  readonly user: string
  /** Opens the page. */
  open(options?: OpenOptions): Promise<OpenPage & Hand>
}

/**
 * Call it once in a test file. After each test it checks that no script failed, nothing broke the CSP, and nothing was
 * asked of another origin.
 */
export function withPage(env: () => Record<string, string> = () => ({})): PageTest {
  let world: PageWorld
  let opened: OpenPage[] = []
  let user = ''
  let users = 0

  beforeAll(async () => {
    world = await createPageWorld(env())
  }, 60_000)
  afterAll(async () => {
    await world?.close()
  })
  beforeEach(async () => {
    users += 1
    user = `user-${String(users)}`
    await world.sandbox('wire', undefined, 'DELETE')
  })
  afterEach(async () => {
    await world.sandbox('faults', undefined, 'DELETE')
    const problems = opened.flatMap((one) => one.problems)
    await Promise.all(opened.map((one) => one.close()))
    opened = []
    expect(problems).toEqual([])
  })

  return {
    get world() {
      return world
    },
    get user() {
      return user
    },
    async open(options = {}) {
      const page = await world.open({ user, ...options })
      opened.push(page)
      return { ...page, ...handOn(page, options.lang) }
    },
  }
}
