import { useEffect, useState } from 'preact/hooks'
import { type Aim, createRunner, type Runner, type Runs } from './runner.js'

/** One for the page: a run goes on, and what came of it stays, while another panel is looked at. */
const runner = createRunner()

/** The runner, aimed at a server, and its runs as they are. */
export function useRunner(aim: Aim | null): { runner: Runner; runs: Runs } {
  const [runs, setRuns] = useState(runner.runs)
  useEffect(() => {
    const look = (): void => {
      setRuns(runner.runs)
    }
    look()
    return runner.subscribe(look)
  }, [])
  useEffect(() => {
    runner.aimAt(aim)
  }, [aim?.target, aim?.appid])
  return { runner, runs }
}
