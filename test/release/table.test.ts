import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../package/consumer.js'
import { type Combination, combinations, major } from './matrix.js'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  engines: { node: string }
  peerDependencies: Record<string, string>
}

/** What a user chooses of each, as far as it matters whether two go together. */
const choices = combinations.map((row) => ({
  node: major(row.node),
  express: major(row.express),
  redis: major(row.redis),
  connectRedis: major(row.connectRedis),
  expressTypes: major(row.expressTypes),
  typescript: row.typescript,
  modules: row.modules,
}))
type Choice = keyof (typeof choices)[number]

/** Two that never meet at a user's. */
const apart = new Set(['20 10'])

/** These differ in what runs, those in what compiles: a compiler does not notice which Redis is there. */
const pairs: [Choice, Choice][] = [
  ['node', 'express'],
  ['node', 'redis'],
  ['node', 'connectRedis'],
  ['express', 'redis'],
  ['express', 'connectRedis'],
  ['redis', 'connectRedis'],
  ['typescript', 'modules'],
  ['typescript', 'expressTypes'],
  ['modules', 'expressTypes'],
]

const valuesOf = (choice: Choice): string[] => [...new Set(choices.map((row) => row[choice]))]

test.each(pairs)('each %s meets each %s', (one, other) => {
  const wanted = valuesOf(one).flatMap((a) => valuesOf(other).map((b) => `${a} ${b}`))
  expect(wanted.length).toBeGreaterThan(3)
  const met = new Set(choices.map((row) => `${row[one]} ${row[other]}`))
  expect(wanted.filter((pair) => !met.has(pair) && !apart.has(pair))).toEqual([])
})

test('there are Node 20 to 26, Express 4 and 5, redis 5 and 6, connect-redis 9 and 10', () => {
  expect(valuesOf('node')).toEqual(['20', '22', '24', '26'])
  expect(valuesOf('express').toSorted()).toEqual(['4', '5'])
  expect(valuesOf('redis').toSorted()).toEqual(['5', '6'])
  expect(valuesOf('connectRedis').toSorted()).toEqual(['10', '9'])
})

/** The lowest version of each range that a declaration allows. */
const lowest = (ranges: string): string[] => ranges.match(/\d+\.\d+\.\d+/g) ?? []

test.each<[keyof Combination, string]>([
  ['node', manifest.engines.node],
  ['express', manifest.peerDependencies['express']!],
  ['session', manifest.peerDependencies['express-session']!],
  ['redis', manifest.peerDependencies['redis']!],
  ['connectRedis', manifest.peerDependencies['connect-redis']!],
  ['expressTypes', manifest.peerDependencies['@types/express']!],
  ['sessionTypes', manifest.peerDependencies['@types/express-session']!],
])('the lowest %s of %s is tried', (choice, ranges) => {
  expect(lowest(ranges).length).toBeGreaterThan(0)
  expect(combinations.map((row) => row[choice])).toEqual(expect.arrayContaining(lowest(ranges)))
})
