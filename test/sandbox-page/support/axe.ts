import { readFileSync } from 'node:fs'
import type { Frame, Page } from 'playwright-core'

const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

// Of the browser: the tests themselves have no DOM.
declare const axe: { run(options: object): Promise<{ violations: Violation[] }> }

interface Violation {
  id: string
  impact: string | null
  help: string
  nodes: { target: string[]; failureSummary?: string }[]
}

/** What axe finds serious or critical, one line each; frames inside are looked at on their own. */
export async function seriousFindings(
  place: Page | Frame,
  { without = [] }: { without?: string[] } = {},
): Promise<string[]> {
  // As the debugger does it: the CSP of the page lets no script in.
  await place.evaluate(source)
  const { violations } = await place.evaluate(
    (rules) => axe.run({ iframes: false, rules, resultTypes: ['violations'] }),
    Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) =>
        [id, help, target.join(' '), failureSummary?.split('\n').slice(1).join(' ')].join(' | '),
      ),
    )
}
