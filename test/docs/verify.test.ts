import { scenarios } from '../../src/sandbox/scenarios/index.js'
import { verifyUsage } from '../../src/sandbox/verify/arguments.js'
import { codes, read, tableWith } from './markdown.js'

describe.each(['docs/verify.md', 'docs/zh-CN/verify.md'])('%s', (path) => {
  const page = read(path)

  test('has every scenario, in their order', () => {
    const rows = tableWith(page, 'first-login')
    expect(rows.map(([first]) => codes(first!)[0])).toEqual(scenarios.map(({ id }) => id))
  })

  test('has every option of the command', () => {
    const rows = tableWith(page, '--target <url>')
    const told = rows.map(([first]) => codes(first!)[0]!.split(' ')[0])
    const known = [...verifyUsage.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option)
    expect(told).toEqual(expect.arrayContaining(known))
    expect(told).toHaveLength(known.length)
  })

  test('has the defaults of the options that the usage tells', () => {
    for (const [, option, value] of verifyUsage.matchAll(
      /^ {2}(--[a-z-]+) .*\(default (\S+)\)/gm,
    )) {
      const row = tableWith(page, '--target <url>').find(([first]) => first!.includes(option!))
      expect([option, codes(row![1]!)[0]]).toEqual([option, value])
    }
  })

  test('tells every exit code', () => {
    const [, ...rows] = page.tables.find((table) => /^(exit code|退出码)$/.test(table[0]![0]!))!
    expect(rows.map(([code]) => code)).toEqual(['0', '1', '2', '3'])
    for (const [code] of rows) expect(verifyUsage).toMatch(new RegExp(`[;:] ${code!} `))
  })
})
