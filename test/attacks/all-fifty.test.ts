import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

test('there is a test for each of the fifty attacks, under its number', () => {
  const files = readdirSync(__dirname).filter((name) => /^a\d\d-.*\.test\.ts$/.test(name))
  const text = files.map((name) => readFileSync(join(__dirname, name), 'utf8')).join('\n')
  const titles = [...text.matchAll(/(?:describe|test)\(\s*['"`]attack (\d+): \S/g)]
  const numbers = new Set(titles.map(([, number]) => Number(number)))
  expect([...numbers].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
})
