import { relative } from 'node:path'
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin'

const everyMs = 30_000

/** Prints each survivor when it is found, and how far the run is: one of many mutants takes minutes. */
function createReporter() {
  let mutants = 0
  let tested = 0
  let last = Date.now()
  return {
    onMutationTestingPlanReady({ mutantPlans }) {
      mutants = mutantPlans.length
    },
    onMutantTested({ status, fileName, location, mutatorName, replacement, static: everywhere }) {
      tested += 1
      if (status === 'Survived' || status === 'NoCoverage') {
        const { line, column } = location.start
        const what = `${relative(process.cwd(), fileName)}:${line}:${column} ${mutatorName}${everywhere ? ' (static)' : ''}`
        process.stdout.write(`${status} ${what}: ${replacement}\n`)
      }
      if (Date.now() - last < everyMs) return
      last = Date.now()
      process.stdout.write(`${tested} of ${mutants} mutants\n`)
    },
  }
}
createReporter.inject = []

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.Reporter, 'survivors', createReporter),
]
